// Runs a program under a unit's filter of system calls and of sockets' address families, as systemd
// would put it on: what the unit forgets to allow fails here, on a machine without systemd running.
//
//   under_unit_filter UNIT PROGRAM [ARGUMENT…]
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>

namespace {

using Names = std::set<std::string>;

// A group's members, as this machine's systemd has them; groups in groups too.
void add_group(const std::string& group, Names& out) {
    const auto command = "systemd-analyze syscall-filter --no-pager " + group;
    const std::unique_ptr<FILE, int (*)(FILE*)> lines(::popen(command.c_str(), "r"), &::pclose);
    std::size_t found = 0;
    char line[512];
    while (lines && std::fgets(line, sizeof line, lines.get())) {
        std::string name;
        std::istringstream(line) >> name;
        if (line[0] == '@' || name.empty() || name[0] == '#') continue;  // its own name, a comment
        ++found;
        if (name[0] == '@')
            add_group(name, out);
        else
            out.insert(name);
    }
    if (found == 0) throw std::runtime_error(group + " is no group of system calls");
}

Names members(const std::string& words) {
    Names out;
    std::istringstream in(words);
    for (std::string word; in >> word;)
        if (word[0] == '@')
            add_group(word, out);
        else
            out.insert(word);
    return out;
}

// systemd.exec(5): the first line makes it a list of what is allowed; "~" takes away from it.
Names allowed_by(const std::string& unit) {
    const std::string key = "SystemCallFilter=";
    Names out;
    std::ifstream in(unit);
    for (std::string line; std::getline(in, line);) {
        if (!line.starts_with(key)) continue;
        line.erase(0, key.size());
        if (line.starts_with("~"))
            for (const auto& name : members(line.substr(1))) out.erase(name);
        else
            out.merge(members(line));
    }
    if (out.empty()) throw std::runtime_error(unit + " filters no system calls");
    return out;
}

// systemd.exec(5): a list of what is allowed; no other form is known here.
std::set<int> families_of(const std::string& unit) {
    static const std::map<std::string, int> known = {{"AF_UNIX", AF_UNIX},
                                                     {"AF_INET", AF_INET},
                                                     {"AF_INET6", AF_INET6},
                                                     {"AF_NETLINK", AF_NETLINK}};
    const std::string key = "RestrictAddressFamilies=";
    std::set<int> out;
    std::ifstream in(unit);
    for (std::string line; std::getline(in, line);) {
        if (!line.starts_with(key)) continue;
        std::istringstream words(line.substr(key.size()));
        for (std::string word; words >> word;) {
            const auto family = known.find(word);
            if (family == known.end()) throw std::runtime_error(word + " is not known");
            out.insert(family->second);
        }
    }
    if (out.empty()) throw std::runtime_error(unit + " restricts no address families");
    return out;
}

bool has_landlock() {
    return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

void filter(const Names& allowed, const std::set<int>& families) {
    const auto raw = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int failed = 0;
    for (const auto& name : allowed)
        if (const int call = seccomp_syscall_resolve_name(name.c_str());
            call != __NR_SCMP_ERROR && call != SCMP_SYS(mprotect) && call != SCMP_SYS(socket))
            failed |= seccomp_rule_add(raw, SCMP_ACT_ALLOW, call, 0);
    for (const int family : families) {
        const scmp_arg_cmp of_it{0, SCMP_CMP_EQ, static_cast<scmp_datum_t>(family), 0};
        failed |= seccomp_rule_add(raw, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, of_it);
    }
    // MemoryDenyWriteExecute=yes, its part that a loader could meet.
    const scmp_arg_cmp not_executable{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0};
    failed |= seccomp_rule_add(raw, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, not_executable);
    failed |= seccomp_load(raw);
    seccomp_release(raw);
    if (failed != 0) throw std::runtime_error("the filter cannot be put on");
}

}  // namespace

int main(int count, char** words) {
    if (count < 3) {
        std::cerr << "under_unit_filter UNIT PROGRAM [ARGUMENT…]\n";
        return 2;
    }
    try {
        const auto allowed = allowed_by(words[1]);
        const auto families = families_of(words[1]);
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        const bool landlock = has_landlock();
        filter(allowed, families);
        // A connector would do without, and nothing would fail.
        if (landlock && !has_landlock()) throw std::runtime_error("the unit hides Landlock");
    } catch (const std::exception& failed) {
        std::cerr << failed.what() << '\n';
        return 2;
    }
    ::execv(words[2], words + 2);
    std::perror(words[2]);
    return 2;
}
