#include "plugins/postgres/spec.hpp"

#include "connectors/sdk/json.hpp"

namespace kontor::postgres {

using sdk::Json;

Json option(const char* name, const char* type, Json fallback, const char* en, const char* zh) {
    Json out{{"name", name}, {"type", type}, {"help", {{"en", en}, {"zh", zh}}}};
    if (!fallback.is_null()) out["default"] = std::move(fallback);
    return out;
}

Json needed_option(const char* name, const char* en, const char* zh) {
    Json out = option(name, "text", nullptr, en, zh);
    out["required"] = true;
    return out;
}

Json password_auth() {
    return {{"kind", "password"},
            {"title", {{"en", "Database user"}, {"zh", "数据库用户"}}},
            {"values", {"user"}},
            {"secrets", {"password"}}};
}

namespace {

Json options() {
    return Json::array(
        {needed_option("host", "Name or address of the database server",
                       "数据库服务器的主机名或地址"),
         option("port", "integer", 5432, "Its port", "端口"),
         needed_option("database", "Name of the database", "数据库名"),
         option("schema", "text", "public", "Schema whose tables and views are replicated",
                "要同步的模式（schema）"),
         option("tables", "list", Json::array(),
                "Tables and views, each as \"table\" or \"schema.table\", then id=, modified=, "
                "version= or key= with the column; none: all of the schema",
                "表和视图：“表名”或“模式.表名”，可附 id=、modified=、version=、key= 指定列；"
                "留空则为该模式的全部"),
         option("modified_column", "text", "updated_at",
                "Column with the time of a row's last change", "记录最后修改时间的列"),
         option("version_column", "text", "",
                "Column that changes with each write (integer or timestamptz); none: xmin",
                "每次写入都会变化的列（整数或 timestamptz）；留空则用 xmin"),
         option("key_column", "text", "kontor_id",
                "Unique text column that holds Kontor's key of a record",
                "存放 Kontor 记录键的唯一文本列"),
         option("time_zone", "text", "UTC", "Time zone of timestamps without one",
                "不带时区的时间戳所在的时区"),
         option("overlap_s", "integer", 60, "Seconds that each pull looks back",
                "每次拉取向前重叠的秒数"),
         option("install_triggers", "boolean", false,
                "Make the table kontor_change and triggers that note each change",
                "创建 kontor_change 表和记录每次变更的触发器")});
}

}  // namespace

std::string spec_json() {
    const Json spec{{"title", {{"en", "PostgreSQL"}, {"zh", "PostgreSQL 数据库"}}},
                    {"options", options()},
                    {"auth", Json::array({password_auth()})},
                    {"dials", {"postgresql://{host}:{port}/{database}"}}};
    return spec.dump();
}

}  // namespace kontor::postgres
