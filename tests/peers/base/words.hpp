#pragma once
// Word lists of the data generator.

#include <array>
#include <string_view>

namespace kontor::peer::words {

struct Pair {
    std::string_view text;
    std::string_view latin;
};

inline constexpr std::array<Pair, 30> kSurnames = {{
    {"王", "wang"},  {"李", "li"},    {"张", "zhang"}, {"刘", "liu"},  {"陈", "chen"},
    {"杨", "yang"},  {"黄", "huang"}, {"赵", "zhao"},  {"吴", "wu"},   {"周", "zhou"},
    {"徐", "xu"},    {"孙", "sun"},   {"马", "ma"},    {"朱", "zhu"},  {"胡", "hu"},
    {"郭", "guo"},   {"何", "he"},    {"林", "lin"},   {"罗", "luo"},  {"高", "gao"},
    {"梁", "liang"}, {"郑", "zheng"}, {"谢", "xie"},   {"宋", "song"}, {"唐", "tang"},
    {"许", "xu"},    {"邓", "deng"},  {"韩", "han"},   {"冯", "feng"}, {"欧阳", "ouyang"},
}};

inline constexpr std::array<Pair, 32> kGivenNames = {{
    {"伟", "wei"},       {"芳", "fang"},       {"娜", "na"},         {"秀英", "xiuying"},
    {"敏", "min"},       {"静", "jing"},       {"丽", "li"},         {"强", "qiang"},
    {"磊", "lei"},       {"军", "jun"},        {"洋", "yang"},       {"勇", "yong"},
    {"艳", "yan"},       {"杰", "jie"},        {"娟", "juan"},       {"涛", "tao"},
    {"明", "ming"},      {"超", "chao"},       {"秀兰", "xiulan"},   {"霞", "xia"},
    {"平", "ping"},      {"刚", "gang"},       {"桂英", "guiying"},  {"子涵", "zihan"},
    {"浩然", "haoran"},  {"欣怡", "xinyi"},    {"宇轩", "yuxuan"},   {"梓萱", "zixuan"},
    {"建国", "jianguo"}, {"婷婷", "tingting"}, {"晓东", "xiaodong"}, {"雪梅", "xuemei"},
}};

inline constexpr std::array<Pair, 28> kEnglishSurnames = {{
    {"Smith", "smith"},       {"Johnson", "johnson"},   {"Williams", "williams"},
    {"Brown", "brown"},       {"Jones", "jones"},       {"Garcia", "garcia"},
    {"Miller", "miller"},     {"Davis", "davis"},       {"Wilson", "wilson"},
    {"Anderson", "anderson"}, {"Taylor", "taylor"},     {"Thomas", "thomas"},
    {"Moore", "moore"},       {"O'Brien", "obrien"},    {"Martin", "martin"},
    {"Lee", "lee"},           {"Thompson", "thompson"}, {"White", "white"},
    {"Müller", "mueller"},    {"Lefèvre", "lefevre"},   {"Novák", "novak"},
    {"Robinson", "robinson"}, {"Walker", "walker"},     {"Young", "young"},
    {"Allen", "allen"},       {"King", "king"},         {"Wright", "wright"},
    {"Nguyen", "nguyen"},
}};

inline constexpr std::array<Pair, 28> kEnglishGivenNames = {{
    {"James", "james"},     {"Mary", "mary"},
    {"Robert", "robert"},   {"Patricia", "patricia"},
    {"John", "john"},       {"Jennifer", "jennifer"},
    {"Michael", "michael"}, {"Linda", "linda"},
    {"David", "david"},     {"Elizabeth", "elizabeth"},
    {"William", "william"}, {"Barbara", "barbara"},
    {"Richard", "richard"}, {"Susan", "susan"},
    {"Joseph", "joseph"},   {"Jessica", "jessica"},
    {"Thomas", "thomas"},   {"Sarah", "sarah"},
    {"Charles", "charles"}, {"Karen", "karen"},
    {"Daniel", "daniel"},   {"Nancy", "nancy"},
    {"Matthew", "matthew"}, {"Chloé", "chloe"},
    {"Anthony", "anthony"}, {"Emily", "emily"},
    {"Mark", "mark"},       {"Zoë", "zoe"},
}};

struct Place {
    std::string_view city;
    std::string_view state;
    std::string_view zip;  ///< first digits; four more follow
    std::string_view phone;
};

inline constexpr std::array<Place, 14> kChinesePlaces = {{
    {"上海市", "上海", "20", "021"},
    {"北京市", "北京", "10", "010"},
    {"深圳市", "广东省", "51", "0755"},
    {"广州市", "广东省", "51", "020"},
    {"杭州市", "浙江省", "31", "0571"},
    {"成都市", "四川省", "61", "028"},
    {"南京市", "江苏省", "21", "025"},
    {"苏州市", "江苏省", "21", "0512"},
    {"武汉市", "湖北省", "43", "027"},
    {"西安市", "陕西省", "71", "029"},
    {"重庆市", "重庆", "40", "023"},
    {"天津市", "天津", "30", "022"},
    {"青岛市", "山东省", "26", "0532"},
    {"长沙市", "湖南省", "41", "0731"},
}};

inline constexpr std::array<Place, 12> kEnglishPlaces = {{
    {"New York", "NY", "1", "212"},
    {"Chicago", "IL", "6", "312"},
    {"Austin", "TX", "7", "512"},
    {"Seattle", "WA", "9", "206"},
    {"Boston", "MA", "0", "617"},
    {"Denver", "CO", "8", "303"},
    {"Portland", "OR", "9", "503"},
    {"Atlanta", "GA", "3", "404"},
    {"San Diego", "CA", "9", "619"},
    {"Dallas", "TX", "7", "214"},
    {"Phoenix", "AZ", "8", "602"},
    {"Miami", "FL", "3", "305"},
}};

inline constexpr std::array<std::string_view, 14> kChineseStreets = {
    "人民路", "中山路", "解放大道", "建设路", "南京西路", "科技园路", "长江路",
    "和平街", "新华路", "文化路",   "北环路", "青年大街", "滨海大道", "学院路"};

inline constexpr std::array<std::string_view, 14> kEnglishStreets = {
    "Main St",   "Oak Ave",    "Maple Dr", "Cedar Ln", "Park Blvd",           "2nd Street",
    "Lake Rd",   "Hill Ct #4", "Elm St",   "Pine Ave", "Market St, Suite 12", "Broadway",
    "River Way", "Sunset Blvd"};

inline constexpr std::array<Pair, 24> kBrands = {{
    {"华信", "huaxin"},         {"远景", "yuanjing"},     {"天成", "tiancheng"},
    {"博瑞", "borui"},          {"金桥", "jinqiao"},      {"中科", "zhongke"},
    {"海纳", "haina"},          {"瑞丰", "ruifeng"},      {"星辰", "xingchen"},
    {"鼎盛", "dingsheng"},      {"恒通", "hengtong"},     {"明德", "mingde"},
    {"Northwind", "northwind"}, {"Bluebird", "bluebird"}, {"Acme", "acme"},
    {"Summit", "summit"},       {"Harbor", "harbor"},     {"Redwood", "redwood"},
    {"Pioneer", "pioneer"},     {"Lakeside", "lakeside"}, {"Vertex", "vertex"},
    {"Sterling", "sterling"},   {"Cascade", "cascade"},   {"Orchard", "orchard"},
}};
inline constexpr std::size_t kChineseBrands = 12;

inline constexpr std::array<std::string_view, 10> kChineseTrades = {
    "信息技术", "机械制造", "国际贸易", "生物医药", "电子商务",
    "建筑工程", "文化传媒", "物流",     "新能源",   "食品"};
inline constexpr std::array<std::string_view, 10> kEnglishTrades = {
    "Software", "Manufacturing", "Trading", "Pharma", "Logistics",
    "Foods",    "Media",         "Energy",  "Retail", "Consulting"};

inline constexpr std::array<std::string_view, 16> kTitles = {
    "总经理",         "采购经理", "销售总监",   "技术主管",           "财务经理", "行政助理",
    "产品经理",       "工程师",   "CEO",        "Purchasing Manager", "VP Sales", "Engineer",
    "Office Manager", "CFO",      "Head of IT", "Consultant"};
inline constexpr std::array<std::string_view, 12> kDepartments = {
    "采购部",     "销售部", "技术部", "财务部",  "人力资源部", "市场部",
    "Purchasing", "Sales",  "R&D",    "Finance", "Operations", "Support"};

inline constexpr std::array<std::string_view, 14> kChineseSentences = {
    "客户对新款设备很感兴趣，希望下个月安排现场演示。",
    "已经发送报价单，等待财务部门审批。",
    "联系人更换了手机号码，请更新资料。",
    "去年的维护合同将于年底到期，需要提前沟通续约事宜。",
    "在展会上认识，双方交换了名片。",
    "对价格比较敏感，建议提供分期付款方案。",
    "要求开具增值税专用发票。",
    "技术团队提出了三个关于接口的问题。",
    "每周五下午方便通话。",
    "重要客户，请优先处理。",
    "仓库地址与办公地址不同，发货前务必确认。",
    "同事推荐，合作意向明确。",
    "曾投诉过交货延迟，需要重点跟进。",
    "希望参加春季培训课程。"};
inline constexpr std::array<std::string_view, 14> kEnglishSentences = {
    "Asked for a demo of the new release next quarter.",
    "Sent the quotation; waiting for approval from finance.",
    "Prefers to be called in the morning.",
    "The maintenance contract ends in December and should be renewed early.",
    "Met at the trade show, exchanged cards.",
    "Price sensitive, offer payment in instalments.",
    "Said \\\"call me again after the holidays\\\".",
    "Their technical team has three open questions about the interface.",
    "Deliveries go to the back entrance, ask for Sam.",
    "Important customer, please handle with priority.",
    "Shipping address differs from the office; confirm before sending.",
    "Recommended by a colleague; wants to start soon.",
    "Complained about a late delivery, follow up.",
    "Interested in the spring training course."};

inline constexpr std::array<std::string_view, 12> kProducts = {
    "智能扫码枪",    "条码打印机",      "工业平板",        "仓储管理软件",
    "售后服务包",    "云服务年费",      "Barcode Scanner", "Label Printer",
    "Rugged Tablet", "Warehouse Suite", "Support Plan",    "Cloud Subscription"};

inline constexpr std::array<std::string_view, 12> kSubjects = {
    "回访客户",      "发送报价",          "安排培训",         "设备巡检",
    "合同续签",      "处理投诉",          "Follow-up call",   "Send quotation",
    "Plan training", "Device inspection", "Contract renewal", "Handle complaint"};

}  // namespace kontor::peer::words
