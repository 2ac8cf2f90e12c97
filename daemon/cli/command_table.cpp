#include <algorithm>

#include "daemon/cli/commands/commands.hpp"
#include "daemon/cli/spec.hpp"

namespace kontor::cli {
namespace {

constexpr std::string_view kFormats = "table json jsonl csv markdown";

constexpr OptionSpec kGlobal[] = {
    {.name = "help", .letter = 'h'},
    {.name = "json"},
    {.name = "quiet", .letter = 'q'},
    {.name = "no-input"},
    {.name = "no-color"},
    {.name = "lang", .value = "LANG", .complete = Complete::kWords, .words = "en zh"},
    {.name = "socket", .value = "PATH", .complete = Complete::kFile},
    {.name = "config", .value = "FILE", .complete = Complete::kFile},
    {.name = "version"},
};

constexpr ArgumentSpec kConnection{.name = "CONNECTION", .complete = Complete::kConnection};
constexpr ArgumentSpec kMaybeConnection{
    .name = "CONNECTION", .required = false, .complete = Complete::kConnection};
constexpr ArgumentSpec kEntity{.name = "ENTITY", .complete = Complete::kEntity};
constexpr ArgumentSpec kId{.name = "ID"};
constexpr ArgumentSpec kMaybeId{.name = "ID", .required = false};
constexpr OptionSpec kFormat{
    .name = "format", .value = "FORMAT", .complete = Complete::kWords, .words = kFormats};
constexpr OptionSpec kCsv{.name = "csv"};
constexpr OptionSpec kBom{.name = "bom"};
constexpr OptionSpec kDryRun{.name = "dry-run", .letter = 'n'};
constexpr OptionSpec kLimit{.name = "limit", .value = "N"};
constexpr OptionSpec kOffset{.name = "offset", .value = "N"};
constexpr OptionSpec kForce{.name = "force", .letter = 'f'};

constexpr ExampleSpec kInitExamples[] = {{"kontor init"}, {"sudo kontor init --system"}};
constexpr OptionSpec kInitOptions[] = {{.name = "system"}};

constexpr ExampleSpec kInitHubExamples[] = {
    {"kontor init hub --dry-run"},
    {"kontor init hub --option host=db.example.com --option database=team --value user=admin "
     "--secret password=file:/root/hub-password --grant crew"}};
constexpr OptionSpec kInitHubOptions[] = {
    kDryRun,
    {.name = "option", .letter = 'o', .value = "NAME=VALUE", .repeat = true},
    {.name = "value", .value = "NAME=VALUE", .repeat = true},
    {.name = "secret", .value = "NAME=REFERENCE", .repeat = true},
    {.name = "ca-file", .value = "FILE", .complete = Complete::kFile},
    {.name = "allow-http-loopback"},
    {.name = "grant", .value = "ROLE", .repeat = true}};

constexpr OptionSpec kSecretFile{
    .name = "secret-file", .value = "NAME=FILE", .repeat = true, .complete = Complete::kFile};
constexpr OptionSpec kSignIn{.name = "sign-in",
                             .value = "HOW",
                             .complete = Complete::kWords,
                             .words = "self-client browser"};
constexpr OptionSpec kRedirectUri{.name = "redirect-uri", .value = "URI"};

constexpr ExampleSpec kConnectExamples[] = {
    {"kontor connect zoho"},
    {"kontor connect zoho --sign-in browser"},
    {"kontor connect csv --folder inbox=/srv/spreadsheets"},
    {"kontor connect zoho --name sales --option data_centre=cn --value client_id=1000.ABC --secret "
     "client_secret=file:/etc/kontor/secret --secret refresh_token=file:/etc/kontor/token "
     "--no-input"}};
constexpr ArgumentSpec kConnectArguments[] = {{.name = "PLUGIN"}};
constexpr OptionSpec kConnectOptions[] = {
    {.name = "name", .value = "NAME"},
    {.name = "option", .letter = 'o', .value = "NAME=VALUE", .repeat = true},
    {.name = "folder", .value = "NAME=FOLDER", .repeat = true, .complete = Complete::kFolder},
    {.name = "value", .value = "NAME=VALUE", .repeat = true},
    {.name = "secret", .value = "NAME=REFERENCE", .repeat = true},
    kSecretFile,
    kSignIn,
    kRedirectUri,
    {.name = "interval", .value = "TIME"},
    {.name = "ca-file", .value = "FILE", .complete = Complete::kFile},
    {.name = "proxy", .value = "URL"},
    {.name = "jurisdiction", .value = "CODE"},
    {.name = "allow-http-loopback"},
};

constexpr ExampleSpec kStatusExamples[] = {{"kontor status"}, {"kontor status zoho --json"}};
constexpr ArgumentSpec kStatusArguments[] = {kMaybeConnection};

constexpr ExampleSpec kSyncExamples[] = {
    {"kontor sync"},
    {"kontor sync zoho --dry-run"},
    {"kontor sync zoho --dry-run --stream Contacts --limit 5000"},
    {"kontor sync zoho --confirm-mass"},
    {"kontor sync --watch"}};
constexpr ArgumentSpec kSyncArguments[] = {kMaybeConnection};
constexpr OptionSpec kSyncOptions[] = {kDryRun,
                                       kLimit,
                                       {.name = "stream", .value = "STREAM", .repeat = true},
                                       {.name = "sweep"},
                                       {.name = "confirm-mass"},
                                       {.name = "watch", .letter = 'w'}};

constexpr ExampleSpec kPushExamples[] = {{"kontor push on zoho"}, {"kontor push off zoho"}};
constexpr ArgumentSpec kPushArguments[] = {
    {.name = "SWITCH", .complete = Complete::kWords, .words = "on off"}, kConnection};

constexpr ExampleSpec kConnectionExamples[] = {{"kontor connection list"},
                                               {"kontor connection resume zoho"}};
constexpr ArgumentSpec kOneConnection[] = {kConnection};
constexpr ExampleSpec kConnectionListExamples[] = {{"kontor connection list --json"}};
constexpr ExampleSpec kConnectionCheckExamples[] = {{"kontor connection check zoho"}};
constexpr ExampleSpec kForecastExamples[] = {{"kontor connection forecast zoho"}};
constexpr ExampleSpec kFieldsExamples[] = {
    {"kontor connection fields zoho"}, {"kontor connection fields zoho --add Contacts.Blood_Type"}};
constexpr OptionSpec kFieldsOptions[] = {{.name = "add", .value = "WHAT", .repeat = true},
                                         {.name = "all-fields"}};
constexpr ExampleSpec kConnectionResumeExamples[] = {
    {"kontor connection resume zoho"},
    {"kontor connection resume zoho --accept-remote"},
    {"kontor connection resume hub --accept-remote --send-missing"}};
constexpr OptionSpec kConnectionResumeOptions[] = {{.name = "accept-remote"},
                                                   {.name = "send-missing"}};

constexpr ExampleSpec kSignInExamples[] = {
    {"kontor connection sign-in zoho"},
    {"kontor connection sign-in zoho --secret-file refresh_token=token.txt"}};
constexpr OptionSpec kSignInOptions[] = {kSecretFile, kSignIn, kRedirectUri};

constexpr ExampleSpec kRunsExamples[] = {{"kontor runs"}, {"kontor runs 12"}};
constexpr ArgumentSpec kMaybeIdArguments[] = {kMaybeId};
constexpr OptionSpec kRunsOptions[] = {kLimit};

constexpr ExampleSpec kEntitiesExamples[] = {{"kontor entities"}, {"kontor entities deal"}};
constexpr ArgumentSpec kEntitiesArguments[] = {
    {.name = "ENTITY", .required = false, .complete = Complete::kEntity}};

constexpr ExampleSpec kListExamples[] = {
    {"kontor list contact"},
    {"kontor list deal --where 'stage=Closed Won' --where 'amount>=10000' --sort -amount,name"},
    {"kontor list contact --fields last_name,email --csv --bom > contacts.csv"}};
constexpr ArgumentSpec kListArguments[] = {kEntity};
constexpr OptionSpec kListOptions[] = {{.name = "where", .value = "FIELD=VALUE", .repeat = true},
                                       {.name = "sort", .value = "FIELDS"},
                                       {.name = "fields", .value = "FIELDS"},
                                       kLimit,
                                       {.name = "after", .value = "CURSOR"},
                                       kFormat,
                                       kCsv,
                                       kBom};

constexpr ExampleSpec kGetExamples[] = {{"kontor get contact 42"},
                                        {"kontor get contact 42 --fields email,phone --json"}};
constexpr ArgumentSpec kGetArguments[] = {kEntity, kId};
constexpr OptionSpec kGetOptions[] = {{.name = "fields", .value = "FIELDS"}, {.name = "all"}};

constexpr ArgumentSpec kValues{.name = "FIELD=VALUE", .repeat = true};
constexpr ExampleSpec kCreateExamples[] = {
    {"kontor create contact last_name=Li first_name=Na email=li.na@example.com"},
    {"kontor create deal name='New branch' amount=12500.50"}};
constexpr ArgumentSpec kCreateArguments[] = {kEntity, kValues};
constexpr ExampleSpec kSetExamples[] = {{"kontor set contact 42 phone='+86 10 5555 0199'"},
                                        {"kontor set contact 42 fax="},
                                        {"kontor set contact 42 email_opt_out=true owner_id=2"}};
constexpr ArgumentSpec kSetArguments[] = {kEntity, kId, kValues};
constexpr ExampleSpec kDeleteExamples[] = {{"kontor delete contact 42"},
                                           {"kontor delete contact 42 43 44 --force"}};
constexpr ArgumentSpec kDeleteArguments[] = {kEntity, {.name = "ID", .repeat = true}};
constexpr OptionSpec kDeleteOptions[] = {kForce};

constexpr ExampleSpec kSearchExamples[] = {{"kontor search Zylker"},
                                           {"kontor search 李娜 --entity contact"}};
constexpr ArgumentSpec kSearchArguments[] = {{.name = "TEXT", .repeat = true}};
constexpr OptionSpec kSearchOptions[] = {
    {.name = "entity", .value = "ENTITY", .complete = Complete::kEntity},
    kLimit,
    kFormat,
    kCsv,
    kBom};

constexpr ExampleSpec kSqlExamples[] = {
    {"kontor sql \"SELECT stage, count(*), sum(amount) FROM deal GROUP BY stage\""},
    {"kontor sql --write \"UPDATE contact SET mailing_city = 'Beijing' WHERE mailing_city = "
     "'Peking'\""},
    {"kontor sql - < report.sql"}};
constexpr ArgumentSpec kSqlArguments[] = {{.name = "QUERY"}};
constexpr OptionSpec kSqlOptions[] = {{.name = "write"}, kLimit, kFormat, kCsv, kBom};

constexpr ExampleSpec kConflictsExamples[] = {
    {"kontor conflicts"},
    {"kontor conflicts 7"},
    {"kontor conflicts --entity contact --connection zoho"},
    {"kontor conflicts --kind match --rule name+company"}};
constexpr OptionSpec kOfConnection{
    .name = "connection", .value = "CONNECTION", .complete = Complete::kConnection};
constexpr OptionSpec kOfEntity{.name = "entity", .value = "ENTITY", .complete = Complete::kEntity};
constexpr OptionSpec kOfRule{.name = "rule", .value = "RULE"};
constexpr OptionSpec kConflictsOptions[] = {
    {.name = "decided"},
    kOfConnection,
    kOfEntity,
    {.name = "kind",
     .value = "KIND",
     .complete = Complete::kWords,
     .words = "edit delete match uncovered oscillation intent"},
    {.name = "field", .value = "FIELD"},
    kOfRule,
    kLimit,
    kOffset};
constexpr ExampleSpec kResolveExamples[] = {
    {"kontor resolve 7 --ours"},
    {"kontor resolve 7 --theirs"},
    {"kontor resolve 8 --same"},
    {"kontor resolve --all --take theirs --entity contact --field phone --dry-run"},
    {"kontor resolve --all --take ours --older-than 30d --yes"},
    {"kontor resolve --all --take same --rule name+company --dry-run"},
    {"kontor resolve 7 --theirs --always --dry-run"}};
constexpr ExampleSpec kConflictRulesExamples[] = {{"kontor conflicts rules"}};
constexpr ExampleSpec kConflictForgetExamples[] = {{"kontor conflicts forget zoho contact phone"}};
constexpr ArgumentSpec kConflictForgetArguments[] = {
    {.name = "CONNECTION", .complete = Complete::kConnection},
    {.name = "ENTITY", .complete = Complete::kEntity},
    {.name = "FIELD"}};
constexpr OptionSpec kYes{.name = "yes", .letter = 'y'};
constexpr OptionSpec kResolveOptions[] = {{.name = "ours"},
                                          {.name = "theirs"},
                                          {.name = "same"},
                                          {.name = "apart"},
                                          {.name = "take",
                                           .value = "SIDE",
                                           .complete = Complete::kWords,
                                           .words = "ours theirs same apart"},
                                          {.name = "all"},
                                          {.name = "always"},
                                          kOfConnection,
                                          kOfEntity,
                                          {.name = "field", .value = "FIELD"},
                                          kOfRule,
                                          {.name = "older-than", .value = "TIME"},
                                          kDryRun,
                                          kYes};
constexpr ExampleSpec kBlockedExamples[] = {
    {"kontor blocked"}, {"kontor blocked --retry"}, {"kontor blocked --retry 31"}};
constexpr OptionSpec kBlockedOptions[] = {{.name = "retry"}, kLimit, kOffset};

constexpr ExampleSpec kVerifyExamples[] = {{"kontor verify"},
                                           {"kontor verify zoho contact --all"},
                                           {"kontor verify zoho --sample 200 --seed 42"},
                                           {"kontor verify zoho --all --explained --json"}};
constexpr ArgumentSpec kVerifyArguments[] = {
    kMaybeConnection, {.name = "ENTITY", .required = false, .complete = Complete::kEntity}};
constexpr OptionSpec kVerifyOptions[] = {{.name = "sample", .value = "N"},
                                         {.name = "all"},
                                         {.name = "seed", .value = "N"},
                                         {.name = "explained"}};

constexpr ExampleSpec kHistoryExamples[] = {{"kontor history contact 42"},
                                            {"kontor history contact 42 --limit 20 --before 345"}};
constexpr ArgumentSpec kRecordArguments[] = {kEntity, kId};
constexpr OptionSpec kHistoryOptions[] = {kLimit, {.name = "before", .value = "CHANGE"}};
constexpr ExampleSpec kWhyExamples[] = {{"kontor why contact 42 phone"}};
constexpr ArgumentSpec kWhyArguments[] = {kEntity, kId, {.name = "FIELD"}};
constexpr ExampleSpec kUndoExamples[] = {
    {"kontor undo run:12 --dry-run"},   {"kontor undo run:12"},
    {"kontor undo change:345"},         {"kontor undo contact:42"},
    {"kontor undo contact:42:phone"},   {"kontor undo --since 2026-05-01T08:00:00Z --dry-run"},
    {"kontor undo --since 2h --local"}, {"kontor undo run:12 --force"}};
constexpr ArgumentSpec kUndoArguments[] = {{.name = "TARGET", .required = false}};
constexpr OptionSpec kUndoOptions[] = {{.name = "since", .value = "TIME"},
                                       {.name = "local"},
                                       kDryRun,
                                       {.name = "preview"},
                                       kForce,
                                       kYes};

constexpr ArgumentSpec kMaybeBackup[] = {{.name = "BACKUP", .required = false}};
constexpr ExampleSpec kBackupExamples[] = {{"kontor backup run"}, {"kontor backup drill"}};
constexpr ExampleSpec kBackupInitExamples[] = {{"kontor backup init office"}};
constexpr ExampleSpec kBackupRunExamples[] = {{"kontor backup run"}, {"kontor backup run office"}};
constexpr ExampleSpec kBackupListExamples[] = {{"kontor backup list --json"}};
constexpr ExampleSpec kBackupStatusExamples[] = {{"kontor backup status"}};
constexpr ExampleSpec kBackupVerifyExamples[] = {{"kontor backup verify office"},
                                                 {"kontor backup verify office --read-data"}};
constexpr OptionSpec kBackupVerifyOptions[] = {{.name = "read-data"}};
constexpr ExampleSpec kBackupDrillExamples[] = {{"kontor backup drill"},
                                                {"kontor backup drill office --snapshot 6b67c84a"}};
constexpr OptionSpec kBackupDrillOptions[] = {{.name = "snapshot", .value = "ID"}};
constexpr ExampleSpec kBackupPruneExamples[] = {{"kontor backup prune --dry-run"}};
constexpr OptionSpec kBackupPruneOptions[] = {kDryRun};
constexpr ExampleSpec kBackupDiffExamples[] = {
    {"kontor backup diff 2h"}, {"kontor backup diff 2d 1d --entity contact --json"}};
constexpr ArgumentSpec kBackupDiffArguments[] = {{.name = "FROM"},
                                                 {.name = "TO", .required = false}};
constexpr OptionSpec kBackupDiffOptions[] = {
    {.name = "entity", .value = "ENTITY", .complete = Complete::kEntity},
    {.name = "from", .value = "BACKUP"},
    kLimit};
constexpr ExampleSpec kRestoreExamples[] = {
    {"kontor restore"},
    {"kontor restore --from office --to 2026-05-01T08:00:00Z"},
    {"kontor restore contact 42 --at 2h --preview"},
    {"kontor restore contact --where 'title=Boss' --at 2h --force"},
    {"kontor restore --repository sftp:backup@nas:/kontor --password-file passphrase --config-to "
     "/etc/kontor --yes"}};
constexpr ArgumentSpec kRestoreArguments[] = {
    {.name = "ENTITY", .required = false, .complete = Complete::kEntity},
    {.name = "ID", .required = false, .repeat = true}};
constexpr OptionSpec kRestoreOptions[] = {
    {.name = "to", .value = "TIME"},
    {.name = "at", .value = "TIME"},
    {.name = "where", .value = "FIELD=VALUE", .repeat = true},
    {.name = "preview"},
    kDryRun,
    {.name = "from", .value = "BACKUP"},
    {.name = "repository", .value = "TARGET"},
    {.name = "password-file", .value = "FILE", .complete = Complete::kFile},
    {.name = "replica", .value = "ID"},
    {.name = "config-to", .value = "FOLDER", .complete = Complete::kFolder},
    {.name = "secrets-password-file", .value = "FILE", .complete = Complete::kFile},
    kForce,
    kYes};

constexpr ArgumentSpec kJobArguments[] = {{.name = "JOB"}};
constexpr ArgumentSpec kMaybeJobArguments[] = {{.name = "JOB", .required = false}};
constexpr ArgumentSpec kJobRunArguments[] = {{.name = "RUN"}};
constexpr ExampleSpec kJobsExamples[] = {{"kontor jobs"}, {"kontor jobs --json"}};
constexpr ExampleSpec kJobsRunExamples[] = {{"kontor jobs run nightly"}};
constexpr ExampleSpec kJobsStopExamples[] = {{"kontor jobs stop nightly"}};
constexpr ExampleSpec kJobsPauseExamples[] = {{"kontor jobs pause nightly"}};
constexpr ExampleSpec kJobsResumeExamples[] = {{"kontor jobs resume nightly"}};
constexpr ExampleSpec kJobsHistoryExamples[] = {{"kontor jobs history"},
                                                {"kontor jobs history nightly --limit 5"}};
constexpr ExampleSpec kJobsLogExamples[] = {{"kontor jobs log nightly"}, {"kontor jobs log 12"}};
constexpr OptionSpec kJobsHistoryOptions[] = {{.name = "limit", .value = "N"}};

constexpr ArgumentSpec kSurvey{.name = "SURVEY"};
constexpr ArgumentSpec kSurveyArguments[] = {kSurvey};
constexpr ExampleSpec kFeedbackExamples[] = {{"kontor feedback list"}};
constexpr ExampleSpec kFeedbackCheckExamples[] = {
    {"kontor feedback check ~/.config/kontor/surveys/relationship.toml"}};
constexpr ArgumentSpec kFiles[] = {{.name = "FILE", .repeat = true, .complete = Complete::kFile}};
constexpr ExampleSpec kFeedbackPreviewExamples[] = {{"kontor feedback preview relationship"}};
constexpr ExampleSpec kFeedbackSendExamples[] = {
    {"kontor feedback send relationship --dry-run"},
    {"kontor feedback send relationship"},
    {"kontor feedback send relationship --csv > links.csv"}};
constexpr OptionSpec kFeedbackSendOptions[] = {kDryRun, kFormat, kCsv, kBom};
constexpr ExampleSpec kFeedbackLinksExamples[] = {
    {"kontor feedback links relationship --csv > links.csv"}};
constexpr OptionSpec kFeedbackLinksOptions[] = {kFormat, kCsv, kBom};
constexpr ExampleSpec kFeedbackCallExamples[] = {
    {"kontor feedback call relationship"},
    {"kontor feedback call relationship 12"},
    {"kontor feedback call relationship 12 --answer score=9 --answer why='Fast delivery'"},
    {"kontor feedback call relationship 12 --outcome no_answer"}};
constexpr ArgumentSpec kFeedbackCallArguments[] = {kSurvey,
                                                   {.name = "INVITATION", .required = false}};
constexpr OptionSpec kFeedbackCallOptions[] = {
    {.name = "answer", .value = "QUESTION=VALUE", .repeat = true},
    {.name = "outcome",
     .value = "OUTCOME",
     .complete = Complete::kWords,
     .words = "no_answer busy voicemail call_later refused wrong_number"},
    kFormat};
constexpr ExampleSpec kFeedbackActExamples[] = {{"kontor feedback act relationship"}};
constexpr ExampleSpec kFeedbackReceiveExamples[] = {{"kontor feedback receive"}};
constexpr ExampleSpec kFeedbackLexiconExamples[] = {
    {"kontor feedback lexicon > words.toml"},
    {"kontor feedback lexicon '价格有点贵，但是质量不错'"}};
constexpr ArgumentSpec kFeedbackLexiconArguments[] = {{.name = "TEXT", .required = false}};
constexpr OptionSpec kFeedbackLexiconOptions[] = {
    {.name = "file", .value = "FILE", .complete = Complete::kFile}};
constexpr ExampleSpec kFeedbackImportExamples[] = {
    {"kontor feedback import relationship answers.csv"}};
constexpr ArgumentSpec kFeedbackImportArguments[] = {kSurvey,
                                                     {.name = "FILE", .complete = Complete::kFile}};
constexpr ExampleSpec kFeedbackReportExamples[] = {
    {"kontor feedback report relationship --since 2026-01-01"},
    {"kontor feedback report relationship --format html > report.html"}};
constexpr OptionSpec kFeedbackReportOptions[] = {{.name = "since", .value = "DAY"},
                                                 {.name = "format",
                                                  .value = "FORMAT",
                                                  .complete = Complete::kWords,
                                                  .words = "table json csv html"},
                                                 kBom};

constexpr ExampleSpec kEventsExamples[] = {{"kontor events"},
                                           {"kontor events --after 1200 --json"}};
constexpr OptionSpec kEventsOptions[] = {{.name = "after", .value = "EVENT"}, kLimit};

constexpr ExampleSpec kDoctorExamples[] = {{"kontor doctor"}};
constexpr ExampleSpec kPluginsExamples[] = {{"kontor plugins"}};
constexpr ExampleSpec kPluginExamples[] = {{"kontor plugin new book"},
                                           {"kontor plugin check zoho --read-only"}};
constexpr ExampleSpec kPluginCheckExamples[] = {
    {"kontor plugin check zoho --read-only"},
    {"kontor plugin check sandbox --scratch --stream Contacts"},
    {"kontor plugin check --plugin ./book.so --option url=https://book.example.com --secret "
     "token=file:/home/me/token --scratch"},
    {"kontor plugin check --list"}};
constexpr ArgumentSpec kMaybeConnectionArguments[] = {kMaybeConnection};
constexpr OptionSpec kPluginCheckOptions[] = {
    {.name = "scratch"},
    {.name = "read-only"},
    {.name = "plugin", .value = "PLUGIN", .complete = Complete::kFile},
    {.name = "option", .letter = 'o', .value = "NAME=VALUE", .repeat = true},
    {.name = "value", .value = "NAME=VALUE", .repeat = true},
    {.name = "secret", .value = "NAME=REFERENCE", .repeat = true},
    {.name = "folder", .value = "NAME=PATH", .repeat = true},
    {.name = "ca-file", .value = "FILE", .complete = Complete::kFile},
    {.name = "allow-http-loopback"},
    {.name = "stream", .value = "STREAM", .repeat = true},
    {.name = "only", .value = "CHECK", .repeat = true},
    {.name = "field", .value = "STREAM.FIELD=VALUE", .repeat = true},
    {.name = "schema-change", .value = "COMMAND"},
    {.name = "patience", .value = "TIME"},
    {.name = "requests-per-second", .value = "N"},
    {.name = "list"}};
constexpr ExampleSpec kPluginNewExamples[] = {{"kontor plugin new book"},
                                              {"kontor plugin new my_crm --dir ~/src/my_crm"}};
constexpr ArgumentSpec kPluginNewArguments[] = {{.name = "NAME"}};
constexpr OptionSpec kPluginNewOptions[] = {
    {.name = "dir", .value = "FOLDER", .complete = Complete::kFolder}};
constexpr ExampleSpec kReloadExamples[] = {{"kontor reload"}};

constexpr ExampleSpec kConnectorExamples[] = {{"kontor connector check ./mycrm.toml"}};
constexpr ExampleSpec kConnectorTryExamples[] = {
    {"kontor connector try ./mycrm.toml --option url=https://crm.example.com --secret "
     "token=file:/home/me/token"},
    {"kontor connector try ./mycrm.toml --option url=https://crm.example.com --secret "
     "token=file:/home/me/token --stream people --all"}};
constexpr OptionSpec kConnectorTryOptions[] = {
    {.name = "option", .letter = 'o', .value = "NAME=VALUE", .repeat = true},
    {.name = "value", .value = "NAME=VALUE", .repeat = true},
    {.name = "secret", .value = "NAME=REFERENCE", .repeat = true},
    {.name = "folder", .value = "NAME=PATH", .repeat = true},
    {.name = "ca-file", .value = "FILE", .complete = Complete::kFile},
    {.name = "allow-http-loopback"},
    {.name = "stream", .value = "STREAM", .repeat = true},
    {.name = "records", .value = "N"},
    {.name = "all"}};
constexpr ArgumentSpec kDescriptionFile[] = {{.name = "FILE", .complete = Complete::kFile}};

constexpr ExampleSpec kConfigExamples[] = {{"kontor config check"},
                                           {"kontor config show --effective"}};
constexpr ExampleSpec kConfigCheckExamples[] = {{"kontor config check"},
                                                {"kontor config check ./kontor.toml"}};
constexpr ArgumentSpec kMaybeFile[] = {
    {.name = "FILE", .required = false, .complete = Complete::kFile}};
constexpr ExampleSpec kConfigShowExamples[] = {{"kontor config show --effective"}};
constexpr OptionSpec kConfigShowOptions[] = {{.name = "effective"}};

constexpr ExampleSpec kHelpExamples[] = {{"kontor help sync"}};
constexpr ArgumentSpec kHelpArguments[] = {{.name = "COMMAND", .required = false, .repeat = true}};
constexpr ExampleSpec kCompletionExamples[] = {{"kontor completion bash > kontor.bash"}};
constexpr ArgumentSpec kCompletionArguments[] = {
    {.name = "SHELL", .complete = Complete::kWords, .words = "bash zsh fish"}};
constexpr ArgumentSpec kCompleteArguments[] = {
    {.name = "KIND", .complete = Complete::kWords, .words = "connection entity"}};

constexpr CommandSpec kCommands[] = {
    {"init", kInitExamples, {}, kInitOptions, run_init},
    {"init hub", kInitHubExamples, {}, kInitHubOptions, run_init_hub},
    {"connect", kConnectExamples, kConnectArguments, kConnectOptions, run_connect},
    {"status", kStatusExamples, kStatusArguments, {}, run_status},
    {"sync", kSyncExamples, kSyncArguments, kSyncOptions, run_sync},
    {"push", kPushExamples, kPushArguments, {}, run_push},
    {"connection", kConnectionExamples, {}, {}, nullptr},
    {"connection list", kConnectionListExamples, {}, {}, run_connection_list},
    {"connection check", kConnectionCheckExamples, kOneConnection, {}, run_connection_check},
    {"connection forecast", kForecastExamples, kOneConnection, {}, run_connection_forecast},
    {"connection fields", kFieldsExamples, kOneConnection, kFieldsOptions, run_connection_fields},
    {"connection resume", kConnectionResumeExamples, kOneConnection, kConnectionResumeOptions,
     run_connection_resume},
    {"connection sign-in", kSignInExamples, kOneConnection, kSignInOptions, run_connection_sign_in},
    {"runs", kRunsExamples, kMaybeIdArguments, kRunsOptions, run_runs},
    {"entities", kEntitiesExamples, kEntitiesArguments, {}, run_entities},
    {"list", kListExamples, kListArguments, kListOptions, run_list},
    {"get", kGetExamples, kGetArguments, kGetOptions, run_get},
    {"create", kCreateExamples, kCreateArguments, {}, run_create},
    {"set", kSetExamples, kSetArguments, {}, run_set},
    {"delete", kDeleteExamples, kDeleteArguments, kDeleteOptions, run_delete},
    {"search", kSearchExamples, kSearchArguments, kSearchOptions, run_search},
    {"sql", kSqlExamples, kSqlArguments, kSqlOptions, run_sql},
    {"conflicts", kConflictsExamples, kMaybeIdArguments, kConflictsOptions, run_conflicts},
    {"conflicts rules", kConflictRulesExamples, {}, {}, run_conflict_rules},
    {"conflicts forget",
     kConflictForgetExamples,
     kConflictForgetArguments,
     {},
     run_conflict_forget},
    {"resolve", kResolveExamples, kMaybeIdArguments, kResolveOptions, run_resolve},
    {"blocked", kBlockedExamples, kMaybeIdArguments, kBlockedOptions, run_blocked},
    {"verify", kVerifyExamples, kVerifyArguments, kVerifyOptions, run_verify},
    {"history", kHistoryExamples, kRecordArguments, kHistoryOptions, run_history},
    {"why", kWhyExamples, kWhyArguments, {}, run_why},
    {"undo", kUndoExamples, kUndoArguments, kUndoOptions, run_undo},
    {"backup", kBackupExamples, {}, {}, nullptr},
    {"backup init", kBackupInitExamples, kMaybeBackup, {}, run_backup_init},
    {"backup run", kBackupRunExamples, kMaybeBackup, {}, run_backup_run},
    {"backup list", kBackupListExamples, kMaybeBackup, {}, run_backup_list},
    {"backup status", kBackupStatusExamples, kMaybeBackup, {}, run_backup_status},
    {"backup verify", kBackupVerifyExamples, kMaybeBackup, kBackupVerifyOptions, run_backup_verify},
    {"backup drill", kBackupDrillExamples, kMaybeBackup, kBackupDrillOptions, run_backup_drill},
    {"backup prune", kBackupPruneExamples, kMaybeBackup, kBackupPruneOptions, run_backup_prune},
    {"backup diff", kBackupDiffExamples, kBackupDiffArguments, kBackupDiffOptions, run_backup_diff},
    {"restore", kRestoreExamples, kRestoreArguments, kRestoreOptions, run_restore},
    {"feedback", kFeedbackExamples, {}, {}, nullptr},
    {"feedback check", kFeedbackCheckExamples, kFiles, {}, run_feedback_check},
    {"feedback list", kFeedbackExamples, {}, {}, run_feedback_list},
    {"feedback preview", kFeedbackPreviewExamples, kSurveyArguments, {}, run_feedback_preview},
    {"feedback send", kFeedbackSendExamples, kSurveyArguments, kFeedbackSendOptions,
     run_feedback_send},
    {"feedback links", kFeedbackLinksExamples, kSurveyArguments, kFeedbackLinksOptions,
     run_feedback_links},
    {"feedback call", kFeedbackCallExamples, kFeedbackCallArguments, kFeedbackCallOptions,
     run_feedback_call},
    {"feedback import", kFeedbackImportExamples, kFeedbackImportArguments, {}, run_feedback_import},
    {"feedback act", kFeedbackActExamples, kSurveyArguments, {}, run_feedback_act},
    {"feedback receive", kFeedbackReceiveExamples, {}, {}, run_feedback_receive},
    {"feedback lexicon", kFeedbackLexiconExamples, kFeedbackLexiconArguments,
     kFeedbackLexiconOptions, run_feedback_lexicon},
    {"feedback report", kFeedbackReportExamples, kSurveyArguments, kFeedbackReportOptions,
     run_feedback_report},
    {"jobs", kJobsExamples, {}, {}, run_jobs},
    {"jobs run", kJobsRunExamples, kJobArguments, {}, run_jobs_run},
    {"jobs stop", kJobsStopExamples, kJobArguments, {}, run_jobs_stop},
    {"jobs pause", kJobsPauseExamples, kJobArguments, {}, run_jobs_pause},
    {"jobs resume", kJobsResumeExamples, kJobArguments, {}, run_jobs_resume},
    {"jobs history", kJobsHistoryExamples, kMaybeJobArguments, kJobsHistoryOptions,
     run_jobs_history},
    {"jobs log", kJobsLogExamples, kJobRunArguments, {}, run_jobs_log},
    {"events", kEventsExamples, {}, kEventsOptions, run_events},
    {"doctor", kDoctorExamples, {}, {}, run_doctor},
    {"plugins", kPluginsExamples, {}, {}, run_plugins},
    {"plugin", kPluginExamples, {}, {}, nullptr},
    {"plugin new", kPluginNewExamples, kPluginNewArguments, kPluginNewOptions, run_plugin_new},
    {"plugin check", kPluginCheckExamples, kMaybeConnectionArguments, kPluginCheckOptions,
     run_plugin_check},
    {"reload", kReloadExamples, {}, {}, run_reload},
    {"connector", kConnectorExamples, {}, {}, nullptr},
    {"connector check", kConnectorExamples, kDescriptionFile, {}, run_connector_check},
    {"connector try", kConnectorTryExamples, kDescriptionFile, kConnectorTryOptions,
     run_connector_try},
    {"config", kConfigExamples, {}, {}, nullptr},
    {"config check", kConfigCheckExamples, kMaybeFile, {}, run_config_check},
    {"config show", kConfigShowExamples, {}, kConfigShowOptions, run_config_show},
    {"completion", kCompletionExamples, kCompletionArguments, {}, run_completion},
    {"help", kHelpExamples, kHelpArguments, {}, run_help},
    {"__complete", {}, kCompleteArguments, {}, run_complete, true},
};

}  // namespace

std::span<const CommandSpec> command_table() {
    return kCommands;
}

std::span<const OptionSpec> global_options() {
    return kGlobal;
}

const CommandSpec* find_command(std::string_view path) {
    const auto* found = std::find_if(std::begin(kCommands), std::end(kCommands),
                                     [&](const CommandSpec& spec) { return spec.path == path; });
    return found == std::end(kCommands) ? nullptr : found;
}

std::string text_key(std::string_view path) {
    std::string key(path);
    std::replace(key.begin(), key.end(), ' ', '.');
    return key;
}

}  // namespace kontor::cli
