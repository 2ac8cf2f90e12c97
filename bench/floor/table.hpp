#pragma once

#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace floor_bench {

enum class Kind { kText, kInteger, kReal, kBoolean, kLookup, kNotStored };

struct Field {
    std::string_view name;  ///< Zoho's
    Kind kind;
};

/// The fields that are asked for, with `id` 50; 38 of them become columns.
inline constexpr std::array<Field, 49> kFields{{
    {"Created_Time", Kind::kText},
    {"Modified_Time", Kind::kText},
    {"Created_By", Kind::kLookup},
    {"Modified_By", Kind::kLookup},
    {"Owner", Kind::kLookup},
    {"Last_Name", Kind::kText},
    {"First_Name", Kind::kText},
    {"Full_Name", Kind::kText},
    {"Salutation", Kind::kText},
    {"Account_Name", Kind::kLookup},
    {"Vendor_Name", Kind::kNotStored},
    {"Email", Kind::kText},
    {"Secondary_Email", Kind::kText},
    {"Phone", Kind::kText},
    {"Mobile", Kind::kText},
    {"Home_Phone", Kind::kText},
    {"Other_Phone", Kind::kText},
    {"Fax", Kind::kText},
    {"Title", Kind::kText},
    {"Department", Kind::kText},
    {"Assistant", Kind::kText},
    {"Asst_Phone", Kind::kText},
    {"Reporting_To", Kind::kLookup},
    {"Lead_Source", Kind::kText},
    {"Date_of_Birth", Kind::kText},
    {"Mailing_Street", Kind::kText},
    {"Mailing_City", Kind::kText},
    {"Mailing_State", Kind::kText},
    {"Mailing_Zip", Kind::kText},
    {"Mailing_Country", Kind::kText},
    {"Other_Street", Kind::kText},
    {"Other_City", Kind::kText},
    {"Other_State", Kind::kText},
    {"Other_Zip", Kind::kText},
    {"Other_Country", Kind::kText},
    {"Email_Opt_Out", Kind::kBoolean},
    {"Kontor_Id", Kind::kNotStored},
    {"Description", Kind::kText},
    {"Last_Activity_Time", Kind::kNotStored},
    {"WeChat_ID", Kind::kNotStored},
    {"Customer_Level", Kind::kText},
    {"Interests", Kind::kNotStored},
    {"Lifetime_Value", Kind::kReal},
    {"Loyalty_Points", Kind::kNotStored},
    {"Satisfaction", Kind::kNotStored},
    {"Discount_Rate", Kind::kNotStored},
    {"Last_Visit_At", Kind::kNotStored},
    {"Member_Since", Kind::kNotStored},
    {"Newsletter", Kind::kNotStored},
}};

/// Comma-separated names of all fields, each between two `quote`s.
std::string field_list(std::string_view quote);

/// A table of contacts and a table of links to Zoho's ids in a fresh SQLite file. What is bound
/// must live until `add`. Failures end the program with a message.
class Table {
public:
    explicit Table(const std::string& path);
    ~Table();
    Table(const Table&) = delete;
    Table& operator=(const Table&) = delete;

    /// Of the record to come; `field` counts in kFields. What is not bound is NULL.
    void text(std::size_t field, std::string_view value);
    void integer(std::size_t field, std::int64_t value);
    void real(std::size_t field, double value);

    /// Stores the record. Every 5,000 records are one transaction.
    void add(std::string_view ext_id, std::string_view version);

    /// Commits, makes the secondary indexes and writes everything into the file.
    void finish();
    std::int64_t records() const { return records_; }

private:
    void execute(const std::string& sql);
    sqlite3_stmt* prepare(const std::string& sql);
    void step(sqlite3_stmt* statement);

    sqlite3* db_ = nullptr;
    sqlite3_stmt* record_ = nullptr;
    sqlite3_stmt* link_ = nullptr;
    std::array<int, kFields.size()> places_{};  // parameter of each field; 0: not stored
    std::int64_t records_ = 0;
};

}  // namespace floor_bench
