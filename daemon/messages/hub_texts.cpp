#include "daemon/messages/hub_texts.hpp"

namespace kontor::messages {
namespace {

constexpr Text kHubTexts[] = {
    {"cli.command.init.hub", "make a PostgreSQL database the hub of a team; needs no daemon",
     "将 PostgreSQL 数据库设为团队中心库；无需 kontord"},
    {"cli.about.init.hub",
     "Creates a schema with a table for each kind of record, through which the laptops of a team "
     "sync: kontor connect hub on each of them. It may be run again: that brings a hub of an "
     "earlier version up to date, and drops nothing. With --dry-run all statements are listed and "
     "none is run; the database is not asked. Whoever runs it needs the right to create a schema, "
     "the laptops only what --grant gives them. Database, user and password are given as to "
     "kontor connect. See docs/scale.md.",
     "创建一个模式（schema），每类记录一张表，团队的各台电脑经由它同步：在每台电脑上运行 kontor "
     "connect hub。可重复运行：这会把旧版本的中心库更新到当前版本，不会删除任何内容。使用 "
     "--dry-run "
     "时列出全部语句而不执行，也不连接数据库。运行者需要创建模式的权限，各台电脑只需 --grant "
     "授予的权限。数据库、用户和密码的写法与 kontor connect 相同。详见 docs/scale.md。"},
    {"cli.example.init.hub.1", "list what would be run", "列出将执行的语句"},
    {"cli.example.init.hub.2", "make it, for laptops that sign in as crew",
     "创建中心库，各台电脑以 crew 登录"},
    {"cli.option.init.hub.dry-run", "list the statements; run none, and connect to nothing",
     "只列出语句；不执行也不连接"},
    {"cli.option.grant", "a role of the database that may sync through the hub",
     "可经由中心库同步的数据库角色"},
    {"cli.option.send-missing",
     "with --accept-remote: records that are here and no longer there are sent as new ones",
     "与 --accept-remote 连用：本地有而远端已没有的记录作为新记录发送"},
    {"cli.example.connection.resume.3", "a hub that was restored from a backup",
     "已从备份恢复的中心库"},
    {"cli.hub.send_missing", "--send-missing goes with --accept-remote.",
     "--send-missing 须与 --accept-remote 一起使用。"},
    {"cli.hub.made", "The hub is ready: {count} kinds of records in the schema {schema}.",
     "中心库已就绪：模式 {schema} 中有 {count} 类记录。"},
    {"cli.hub.next", "Next, on each laptop: kontor connect hub",
     "下一步，在每台电脑上运行：kontor connect hub"},
    {"cli.hub.schema",
     "{name} cannot be the schema of a hub: lower-case letters, digits and underscores.",
     "{name} 不能作为中心库的模式名：仅限小写字母、数字和下划线。"},
};

}  // namespace

std::span<const Text> hub_texts() {
    return kHubTexts;
}

}  // namespace kontor::messages
