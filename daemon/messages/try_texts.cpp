#include "daemon/messages/try_texts.hpp"

namespace kontor::messages {
namespace {

constexpr Text kTryTexts[] = {
    {"cli.command.connector.try", "read some records by a description file; needs no daemon",
     "按描述文件试读若干记录；无需 kontord"},
    {"cli.about.connector.try",
     "Signs in, reads some records of each stream and shows them, without writing anything or "
     "keeping anything. FILE is a description, or the name of an installed one. What fails is "
     "shown with the request, what came back, and what to look at in the file. With --all each "
     "list is read to its end, and then what has changed since. The exit code is 1 if something "
     "is wrong.",
     "登录并试读每个数据流的若干记录，不写入也不保存任何内容。FILE "
     "是描述文件，或已安装的描述文件名。出错时给出请求、返回的内容以及应检查之处。--all "
     "会读完整个列表，再查询此后的更改。有问题时退出码为 1。"},
    {"cli.example.connector.try.1", "five records of each stream", "每个数据流读五条"},
    {"cli.example.connector.try.2", "the whole of one, and what changed since",
     "读完一个数据流，再查询更改"},
    {"cli.option.records", "so many records of each stream (5)", "每个数据流显示的记录数（5）"},
    {"cli.option.connector.try.all", "read each list to its end, and then what changed",
     "读完整个列表，再查询更改"},
    {"cli.try.records", "{value} is no number of records from 1 to 1000.",
     "{value} 不是 1 到 1000 之间的记录数。"},
    {"cli.try.no_stream", "The description has no stream {name}; it has: {list}",
     "描述文件中没有数据流 {name}；可用的有：{list}"},
    {"cli.try.signed_in", "Signed in: {org}", "已登录：{org}"},
    {"cli.try.signed_in.as", "Signed in as {user}: {org}", "已以 {user} 登录：{org}"},
    {"cli.try.none", "{stream}: no records", "{stream}：没有记录"},
    {"cli.try.asked", "asked: {request}", "请求：{request}"},
    {"cli.try.came", "came back: HTTP {status} {answer}", "返回：HTTP {status} {answer}"},
    {"cli.try.no_answer", "came back: nothing", "返回：无答复"},
    {"cli.try.change", "look at: {advice}", "请检查：{advice}"},
    {"cli.try.nowhere", "{stream}: none of these records has {fields}; a record has: {members}",
     "{stream}：以上记录中均没有 {fields}；记录中有：{members}"},
    {"cli.try.nowhere.at",
     "{stream}: none of these records has {fields} at {place}; there a record has: {members}",
     "{stream}：以上记录的 {place} 中均没有 {fields}；该处有：{members}"},
    {"cli.try.nowhere.nothing_at",
     "{stream}: no record has {fields}: nothing is at {place} (fields_at); it has: {members}",
     "{stream}：以上记录均没有 {fields}，{place}（fields_at）处没有内容；记录中有：{members}"},
    {"cli.try.odd", "{stream}: values of {fields} do not fit their type and are left out",
     "{stream}：{fields} 的值与类型不符，已略去"},
    {"cli.try.differs",
     "{stream}: {field} is another one in `get` than in `list`, so each sync would see a change",
     "{stream}：{field} 在 `get` 与 `list` 中不同，每次同步都会视为更改"},
    {"cli.try.doing.open", "The connection cannot be opened: {error}", "无法打开连接：{error}"},
    {"cli.try.doing.check", "Who we are there could not be found out: {error}",
     "无法确认登录身份：{error}"},
    {"cli.try.doing.describe", "There is no description: {error}", "无法取得描述：{error}"},
    {"cli.try.doing.pull", "{stream}: the list could not be read: {error}",
     "{stream}：无法读取列表：{error}"},
    {"cli.try.doing.changes", "{stream}: what has changed could not be read: {error}",
     "{stream}：无法读取更改：{error}"},
    {"cli.try.doing.fetch", "{stream}: a single record could not be read: {error}",
     "{stream}：无法读取单条记录：{error}"},
    {"cli.try.advice.sign_in", "[auth] and the secrets: the server does not accept them",
     "[auth] 与密钥：服务器不接受"},
    {"cli.try.advice.rights", "the rights of this user at the server", "该用户在服务器上的权限"},
    {"cli.try.advice.address", "base_url and path: there is nothing at this address",
     "base_url 与 path：该地址没有内容"},
    {"cli.try.advice.not_json",
     "base_url and path: this is no JSON, so it may be a page for people",
     "base_url 与 path：返回的不是 JSON，可能是给人看的网页"},
    {"cli.try.advice.shape",
     "records, id and paging; the answer has lists at: {lists}; a record has: {members}",
     "records、id 与 paging；答复中的列表位于：{lists}；记录中有：{members}"},
    {"cli.try.advice.request", "path, query and body, by the server's own words",
     "path、query 与 body，参照服务器的说明"},
    {"cli.try.advice.later", "nothing in the file: the server is busy or down; try again",
     "与文件无关：服务器繁忙或停机，请稍后再试"},
    {"cli.try.advice.none", "none", "无"},
    {"cli.try.advice.whole", "(the whole answer)", "（整个答复）"},
    {"cli.try.ok", "All that was tried works.", "试读的内容全部正常。"},
    {"cli.try.wrong", "{count} {count:thing|things} to look at.", "有 {count} 处需要检查。"},
};

}  // namespace

std::span<const Text> try_texts() {
    return kTryTexts;
}

}  // namespace kontor::messages
