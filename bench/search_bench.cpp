// Search over a million synthetic contacts: how long an index takes to build, what it takes on
// disk, and how long queries take. Usage: search_bench [RECORDS [FOLDER]]; the folder is left
// behind.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "sync/base/random.hpp"
#include "sync/replica/migrations.hpp"
#include "sync/search/search_index.hpp"

using namespace kontor;

namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::array kSurnames{"王", "李", "张", "刘", "陈", "杨", "黄", "赵", "周", "吴",
                               "徐", "孙", "马", "朱", "胡", "郭", "何", "林", "高", "罗"};
constexpr std::array kGiven{"伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳",
                            "杰", "娟", "涛", "明", "超", "秀", "霞", "平", "刚", "桂", "英", "华",
                            "玉", "兰", "萍", "红", "建", "国", "文", "辉", "鹏", "飞", "鑫", "波",
                            "斌", "宇", "浩", "凯", "健", "俊", "帆", "帅", "旭", "宁", "龙", "林"};
constexpr std::array kFirst{"james", "mary", "robert", "linda", "john",   "susan", "david", "karen",
                            "peter", "lisa", "daniel", "nancy", "george", "emily", "frank", "anna"};
constexpr std::array kLast{"smith", "johnson", "brown", "garcia", "miller", "davis",
                           "lopez", "wilson",  "moore", "taylor", "lee",    "clark",
                           "lewis", "young",   "king",  "hill"};
constexpr std::array kTopics{"上海", "北京", "采购", "经理", "华东", "地区",
                             "客户", "重要", "跟进", "合同", "报价", "产品",
                             "试用", "续约", "服务", "技术", "培训", "展会"};
constexpr std::array kCities{"上海", "北京", "广州", "深圳", "成都", "Hangzhou", "London"};
constexpr std::array kStreets{"南京西路", "人民大道", "中山北路", "建国门外大街", "Market St "};
constexpr std::array kDepartments{"采购部", "华东大区", "技术中心", "Sales", "Purchasing"};
constexpr std::array kDomains{"gmail.com", "qq.com", "163.com", "acme-corp.com", "example.cn"};

template <class T, std::size_t N>
std::string any(const std::array<T, N>& of, Random& random) {
    return of[random.next() % N];
}

void require(const Result<>& done) {
    if (done) return;
    std::fprintf(stderr, "%s\n", done.error().message.c_str());
    std::exit(1);
}
template <class T>
T need(Result<T> result) {
    if (result) return std::move(*result);
    std::fprintf(stderr, "%s\n", result.error().message.c_str());
    std::exit(1);
}

void add_contact(replica::Statement& insert, Random& random) {
    std::string last, first, description;
    if (random.next() % 10 < 7) {
        last = any(kSurnames, random);
        first = any(kGiven, random);
        if (random.next() % 3 != 0) first += any(kGiven, random);
        for (int i = 0; i < 6; ++i) description += any(kTopics, random);
    } else {
        last = any(kLast, random) + std::to_string(random.next() % 5000);
        first = any(kFirst, random);
        description = "met " + any(kFirst, random) + " at the fair, wants a " + any(kLast, random);
    }
    std::string mobile = "+86 1" + std::to_string(30 + random.next() % 70) + " ";
    mobile += std::to_string(1000 + random.next() % 9000) + " ";
    mobile += std::to_string(1000 + random.next() % 9000);
    insert.bind(1, last);
    insert.bind(2, first);
    insert.bind(3, mobile);
    insert.bind(4, any(kFirst, random) + "." + any(kLast, random) +
                       std::to_string(random.next() % 100'000) + "@" + any(kDomains, random));
    insert.bind(5, description);
    insert.bind(6, any(kCities, random));
    insert.bind(7, any(kStreets, random) + std::to_string(random.next() % 2'000) + "号");
    insert.bind(8, any(kDepartments, random));
    require(insert.run());
}

/// Contacts as a first load leaves them: triggers off, one line of history.
void fill(const std::string& path, std::int64_t records) {
    replica::OpenOptions options;
    options.create = true;
    options.access = replica::Access::kEngine;
    const auto db = need(replica::Database::open(path, options));
    SeededRandom random(1);
    require(replica::migrate(db, random));
    auto insert =
        need(db.prepare("INSERT INTO contact(last_name, first_name, mobile, email, description, "
                        "mailing_city, mailing_street, department) "
                        "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"));
    require(db.execute("BEGIN"));
    for (std::int64_t i = 0; i < records; ++i) add_contact(insert, random);
    require(db.execute(
        "INSERT INTO kontor_history(entity, record, op, old, at) SELECT id, 1, 'l', " +
        std::to_string(records) + ", '' FROM kontor_entity WHERE name = 'contact'; COMMIT"));
    require(db.execute("PRAGMA wal_checkpoint(TRUNCATE)"));
}

void measure(const char* what, search::SearchIndex& index, const std::string& entity,
             const std::function<std::string(Random&)>& query) {
    constexpr int kRounds = 200;
    SeededRandom random(2);
    search::SearchOptions options;
    options.entity = entity;
    std::vector<double> times;
    std::vector<double> cpu_times;  // what it would take on a machine with nothing else to do
    std::size_t hits = 0;
    for (int i = 0; i < kRounds; ++i) {
        const std::string text = query(random);
        const auto start = std::chrono::steady_clock::now();
        const auto cpu_start = std::clock();
        hits += need(index.search(text, options)).size();
        cpu_times.push_back(1000.0 * static_cast<double>(std::clock() - cpu_start) /
                            CLOCKS_PER_SEC);
        times.push_back(Milliseconds(std::chrono::steady_clock::now() - start).count());
    }
    std::ranges::sort(times);
    std::ranges::sort(cpu_times);
    std::printf(
        "%-34s %-8s p50 %6.2f  p99 %6.2f  max %6.2f ms; CPU p50 %6.2f  p99 %6.2f ms; %.1f hits\n",
        what, entity.empty() ? "all" : entity.c_str(), times[kRounds / 2],
        times[kRounds * 99 / 100], times.back(), cpu_times[kRounds / 2],
        cpu_times[kRounds * 99 / 100], static_cast<double>(hits) / kRounds);
}

}  // namespace

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    const std::int64_t records = argc > 1 ? std::atoll(argv[1]) : 1'000'000;
    const std::string folder = argc > 2 ? argv[2] : "build/search-bench";
    std::filesystem::create_directories(folder);
    const std::string path = folder + "/replica.db";
    if (!std::filesystem::exists(path)) fill(path, records);
    std::filesystem::remove(folder + "/search.db");

    const auto replica = need(replica::Database::open(
        path,
        {.access = replica::Access::kReadOnly, .create = false, .busy_timeout = {}, .vfs = {}}));
    SystemClock clock;
    auto index = need(search::SearchIndex::open(folder + "/search.db", replica, clock));
    const auto start = std::chrono::steady_clock::now();
    const auto cpu_start = std::clock();
    while (!need(index.update(std::chrono::seconds(10))).complete) {
    }
    const double cpu_seconds = static_cast<double>(std::clock() - cpu_start) / CLOCKS_PER_SEC;
    const double seconds = Milliseconds(std::chrono::steady_clock::now() - start).count() / 1000;
    const auto status = need(index.status());
    std::printf(
        "build: %lld records in %.1f s (%.1f s CPU), %.0f bytes a record (replica: %.0f)\n",
        static_cast<long long>(status.records), seconds, cpu_seconds,
        static_cast<double>(status.bytes) / static_cast<double>(records),
        static_cast<double>(std::filesystem::file_size(path)) / static_cast<double>(records));

    for (const std::string entity : {"contact", ""}) {
        measure("two Chinese characters, name", index, entity,
                [](Random& r) { return any(kSurnames, r) + any(kGiven, r); });
        measure("two Chinese characters, frequent", index, entity,
                [](Random& r) { return any(kTopics, r); });
        measure("one Chinese character", index, entity,
                [](Random& r) { return any(kSurnames, r); });
        measure("three characters", index, entity,
                [](Random& r) { return any(kSurnames, r) + any(kGiven, r) + any(kGiven, r); });
        measure("two words, ranked", index, entity, [](Random& r) {
            return any(kSurnames, r) + any(kGiven, r) + " " + any(kTopics, r);
        });
        measure("frequent word and frequent word", index, entity,
                [](Random& r) { return any(kTopics, r) + " com"; });
        measure("English word", index, entity, [](Random& r) { return any(kFirst, r); });
        measure("quoted phrase", index, entity,
                [](Random& r) { return "\"wants a " + any(kLast, r) + "\""; });
        measure("quoted phrase, wrong order", index, entity,
                [](Random& r) { return "\"" + any(kLast, r) + " wants\""; });
        measure("beginning of a word", index, entity,
                [](Random& r) { return any(kLast, r) + std::to_string(r.next() % 10) + "x"; });
        measure("beginning of many words", index, entity,
                [](Random& r) { return any(kFirst, r).substr(0, 3); });
        measure("four digits", index, entity,
                [](Random& r) { return std::to_string(1000 + r.next() % 9000); });
        measure("eight digits", index, entity, [](Random& r) {
            return std::to_string(1000 + r.next() % 9000) + std::to_string(1000 + r.next() % 9000);
        });
        measure("e-mail domain", index, entity, [](Random& r) { return any(kDomains, r); });
        measure("nothing", index, entity, [](Random&) { return std::string("qqqqqqqq"); });
    }
}
