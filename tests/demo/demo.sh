#!/usr/bin/env bash
# Kontor's main job end to end, on a simulated Zoho account. Everything shown is checked; the first
# thing that is not so ends it with exit code 1.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
export LC_ALL=C.UTF-8 LANG=C.UTF-8
unset CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR AWS_CA_BUNDLE REQUESTS_CA_BUNDLE || true

bin=build/${KONTOR_PRESET:-release}/bin
work=$(mktemp -d "${TMPDIR:-/tmp}/kontor-demo-XXXXXX")
export HOME=$work/home XDG_CONFIG_HOME=$work/home/.config XDG_STATE_HOME=$work/home/.local/state \
    XDG_RUNTIME_DIR=$work/run XDG_CACHE_HOME=$work/home/.cache
mkdir -p "$HOME" "$XDG_RUNTIME_DIR"
chmod 700 "$XDG_RUNTIME_DIR"
peer_pid="" daemon_pid=""
# What a sanitizer finds stands there, whatever became of the program.
mkdir "$work/reports"
for sanitizer in ASAN LSAN TSAN UBSAN; do
    export "${sanitizer}_OPTIONS=log_path=$work/reports/report:log_exe_name=1"
done
export TSAN_OPTIONS+=:print_suppressions=0:suppressions=$PWD/tests/tsan.supp

finish() {
    local code=$?
    [ -z "$daemon_pid" ] || kill "$daemon_pid" 2>/dev/null || true
    [ -z "$peer_pid" ] || kill "$peer_pid" 2>/dev/null || true
    wait 2>/dev/null || true
    # A connector's process opens no file: its report is in the daemon's log.
    if grep -rhs -A99 -E '(ERROR|WARNING|FATAL): [A-Za-z]+Sanitizer: |Sanitizer: CHECK failed|: runtime error: ' "$work/reports" "$work/kontord.log"; then
        code=1
    fi
    if [ $code -ne 0 ]; then
        echo; echo "THE DEMO FAILED. The daemon's last words:" >&2
        tail -n 25 "$work/kontord.log" >&2 || true
        echo "(kept: $work)" >&2
    else
        rm -rf "$work"
    fi
    exit $code
}
trap finish EXIT

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' green=$'\e[32m' plain=$'\e[0m'; else bold="" green="" plain=""; fi
say() { printf '\n%s== %s%s\n' "$bold" "$1" "$plain"; }
ok() { printf '   %sok%s  %s\n' "$green" "$plain" "$1"; }
die() { printf 'NOT SO: %s\n' "$1" >&2; exit 1; }
same() { [ "$1" = "$2" ] || die "$3: expected '$2', found '$1'"; ok "$3: $1"; }
run() {
    printf '   $ kontor %s\n' "$*"
    "$bin/kontor" "$@" >"$work/shown" 2>&1 || { cat "$work/shown" >&2; die "kontor $* fails"; }
    sed 's/^/     /' "$work/shown"
    ! grep -qE '\{[a-z_]+\}' "$work/shown" || die "a text has a gap that nothing was put into"
}
# What the command before has to show: a line of this form.
shows() { grep -qE -- "$1" "$work/shown" || die "not shown: $1"; ok "shown: $1"; }
kontor() { "$bin/kontor" "$@"; }
json() { python3 -c "import json,sys; d=json.load(sys.stdin); print($1)"; }
replica() { sqlite3 -batch -cmd '.timeout 10000' "$db" "$1"; }
control() { curl -sS --fail-with-body --cacert "$ca" -H 'Content-Type: application/json' -d "$2" "$control_url$1" >/dev/null; }
dump() { curl -sS --fail --cacert "$ca" "$control_url/dump?module=$1&fields=$2&limit=1000000"; }

# The same organisation on a port of choice; state in $work/peer survives restarts.
start_peer() {
    "$bin/kontor-peer-zoho" --strict --records 10000 --accounts 2000 --deals 3000 --seed 7 --port "$1" \
        --dir "$work/peer" --db "$work/peer/peer.db" >"$work/peer.json" 2>"$work/peer.log" &
    peer_pid=$!
    for _ in $(seq 200); do
        [ -s "$work/peer.json" ] && break
        kill -0 "$peer_pid" 2>/dev/null || { cat "$work/peer.log" >&2; die "the peer does not start"; }
        sleep 0.1
    done
    ca=$(json "d['ca_file']" <"$work/peer.json")
    control_url=$(json "d['control_url']" <"$work/peer.json")
    base_url=$(json "d['base_url']" <"$work/peer.json")
}
# Requests and answers that Zoho's documents do not know.
documented() {
    local unknown
    unknown=$(curl -sS --fail --cacert "$ca" "$control_url/violations")
    [ "$unknown" = '{"violations":[]}' ] || die "messages that Zoho's documents do not know: $unknown"
}
stop_peer() { documented; kill "$peer_pid"; wait "$peer_pid" 2>/dev/null || true; peer_pid=""; }
port_of() { sed -E 's|.*:([0-9]+).*|\1|' <<<"$1"; }

say "A Zoho account: 10,000 contacts, 2,000 accounts, 3,000 deals (simulated, on this machine)"
mkdir -p "$work/peer"
start_peer 0
port=$(port_of "$base_url")
ok "listens at $base_url"

say "Kontor on a fresh laptop"
run init
"$bin/kontord" >"$work/kontord.log" 2>&1 &
daemon_pid=$!
for _ in $(seq 200); do
    kontor status >/dev/null 2>&1 && break
    kill -0 "$daemon_pid" 2>/dev/null || die "kontord does not start"
    sleep 0.1
done
kontor status >/dev/null || die "kontord does not answer"
umask 077
json "d['client_secret']" <"$work/peer.json" >"$work/client_secret"
json "d['refresh_token']" <"$work/peer.json" >"$work/refresh_token"
run connect zoho --no-input \
    --option data_centre=custom \
    --option "accounts_url=$(json "d['accounts_url']" <"$work/peer.json")" \
    --option "api_url=$base_url" --option "upload_url=$base_url" \
    --value "client_id=$(json "d['client_id']" <"$work/peer.json")" \
    --secret-file "client_secret=$work/client_secret" \
    --secret-file "refresh_token=$work/refresh_token" \
    --ca-file "$ca"
rm -f "$work/client_secret" "$work/refresh_token"
db=$XDG_STATE_HOME/kontor/replica.db

say "First load (it only reads: nothing is sent before you say so)"
kontor sync zoho
same "$(replica 'SELECT count(*) FROM contact')" 10000 "contacts here"
same "$(replica 'SELECT count(*) FROM account')" 2000 "accounts here"
same "$(replica 'SELECT count(*) FROM deal')" 3000 "deals here"
run list contact --fields last_name,first_name,phone,mailing_city --limit 3
name=$(replica "SELECT last_name FROM contact WHERE length(last_name) >= 1 AND unicode(last_name) > 19968 ORDER BY id LIMIT 1")
given=$(replica "SELECT first_name FROM contact WHERE last_name = '$name' AND first_name IS NOT NULL ORDER BY id LIMIT 1")
for _ in $(seq 100); do # the index follows a load
    kontor search "$name$given" --json >"$work/found.json"
    [ "$(json "d['complete']" <"$work/found.json")" = True ] && break
    sleep 0.2
done
run search "$name$given" --limit 3
[ "$(json "len(d['hits'])" <"$work/found.json")" -gt 0 ] || die "$name$given is not found"
ok "found by a Chinese name"
run push on zoho

say "The network is gone"
stop_peer
mapfile -t ids < <(replica "SELECT id FROM contact WHERE phone IS NOT NULL AND email IS NOT NULL AND mailing_city IS NOT NULL ORDER BY id LIMIT 4")
both=${ids[0]} apart=${ids[1]} plain_sql=${ids[2]} theirs=${ids[3]}
ext() { replica "SELECT l.ext_id FROM kontor_link l JOIN kontor_stream s ON s.id = l.stream WHERE s.name = '$1' AND l.record = $2"; }
run set contact "$both" phone='+86 10 1111 2222'
run set contact "$apart" title='采购总监'
run create contact last_name=欧阳 first_name=娜娜 email=nana.ouyang@example.com
printf '   $ sqlite3 replica.db "UPDATE contact SET department = '"'现场销售'"' WHERE id = %s"\n' "$plain_sql"
replica "UPDATE contact SET department = '现场销售' WHERE id = $plain_sql"
ok "plain sqlite3 wrote into the replica while the daemon runs"

say "Meanwhile colleagues work in Zoho (on a port that the laptop cannot reach)"
ext_both=$(ext Contacts "$both") ext_apart=$(ext Contacts "$apart") ext_sql=$(ext Contacts "$plain_sql") ext_theirs=$(ext Contacts "$theirs")
sleep 1.1 # Zoho's stamps have whole seconds
start_peer 0
control /edit "{\"module\":\"Contacts\",\"id\":\"$ext_both\",\"set\":{\"Phone\":\"+86 21 9999 8888\"}}"
control /edit "{\"module\":\"Contacts\",\"id\":\"$ext_apart\",\"set\":{\"Mailing_City\":\"成都\"}}"
control /edit "{\"module\":\"Contacts\",\"id\":\"$ext_theirs\",\"set\":{\"Email\":\"new.address@example.com\"}}"
ok "same field of contact $both, another field of contact $apart, contact $theirs"
stop_peer

say "Back online: both sides meet field by field"
start_peer "$port"
# The daemon notices by itself soon; asking is quicker. It may be syncing already.
for _ in $(seq 60); do
    kontor sync zoho && break
    sleep 1
done
kontor sync zoho >/dev/null
same "$(replica "SELECT mailing_city FROM contact WHERE id = $apart")" 成都 "contact $apart: their city came in"
same "$(replica "SELECT title FROM contact WHERE id = $apart")" 采购总监 "contact $apart: our title stayed"
merged=$(replica "SELECT h.run FROM kontor_history h JOIN kontor_field f ON f.id = h.field WHERE h.record = $apart AND f.name = 'mailing_city' ORDER BY h.seq DESC LIMIT 1")
run runs "$merged"
run history contact "$apart" --limit 8
shows "remote:zoho:.* $merged +changed +mailing_city .*成都 +only the remote changed"
shows 'changed +title .*采购总监'
remote_of() { dump Contacts "id,$2" | python3 -c "
import json,sys
for line in sys.stdin:
    r=json.loads(line)
    if r['id']==sys.argv[1]: print(r[sys.argv[2]])" "$1" "$2"; }
same "$(remote_of "$ext_apart" Title)" 采购总监 "contact $apart in Zoho: our title arrived"
same "$(remote_of "$ext_sql" Department)" 现场销售 "contact $plain_sql in Zoho: the sqlite3 edit arrived"
same "$(replica "SELECT email FROM contact WHERE id = $theirs")" new.address@example.com "contact $theirs: their e-mail came in"
same "$(dump Contacts id,Email | grep -c nana.ouyang@example.com)" 1 "the contact made offline is in Zoho, once"

say "One conflict is left for a person: both sides changed one phone number"
same "$(kontor conflicts --json | json "len(d['conflicts'])")" 1 "open conflicts"
run conflicts
shows "contact $both .*both changed it +phone +\\+[0-9 ]+ +\\+86 10 1111 2222 +\\+86 21 9999 8888"
conflict=$(kontor conflicts --json | json "d['conflicts'][0]['id']")
run resolve "$conflict" --theirs
same "$(replica "SELECT phone FROM contact WHERE id = $both")" "+86 21 9999 8888" "their number is here now"
run why contact "$both" phone
shows "contact $both phone = \\+86 21 9999 8888"
shows "changed +phone +\\+86 10 1111 2222 +\\+86 21 9999 8888 +decided as conflict $conflict"
shows 'changed +phone .*\+86 10 1111 2222'
shows 'first load'
shows "conflict $conflict \\(both changed it\\): .*theirs .*not taken: phone \\+86 10 1111 2222"
change=$(replica "SELECT max(h.seq) FROM kontor_history h JOIN kontor_field f ON f.id = h.field WHERE h.record = $both AND f.name = 'phone'")
run undo "change:$change" --force
same "$(replica "SELECT phone FROM contact WHERE id = $both")" "+86 10 1111 2222" "undone: our number is back"
kontor sync zoho
same "$(remote_of "$ext_both" Phone)" "+86 10 1111 2222" "and the undo has reached Zoho"

say "Proof: Zoho's own dump against sqlite3, field by field"
kontor sync zoho >/dev/null
mapping=$(kontor status zoho --json | json "d['mapping']")
mkdir "$work/dumps"
while read -r module fields; do
    dump "$module" "$fields" >"$work/dumps/$module.jsonl"
done < <(python3 tests/demo/compare.py --fields "$mapping")
python3 tests/demo/compare.py "$db" "$mapping" "$work/dumps" || die "the two sides differ"
ok "both sides are equal"
documented
ok "no message was one that Zoho's documents do not know"

say "Done"
cat <<TXT
   Where to go next:
     kontor --help            every command, with examples
     README.md, docs/         connect your own Zoho account, docs/admin.md
     docs/sql.md              your CRM in SQL
     ./dev test               all tests
TXT
