// The usual words of opinions about a supplier, as `kontor feedback lexicon` prints them.
#include "daemon/feedback/lexicon_file.hpp"

namespace kontor::feedback {

std::string_view usual_words() {
    static constexpr std::string_view kWords =
        R"toml(# What words say of an opinion. A file lexicon.toml beside kontor.toml adds to these.
# Letters in any case; "deliver*" stands for all words that begin so; several words with blanks
# between; Chinese as it is written. The longest that fits counts, and the last that was said of it.

# remove = ["cheap"]      # forgets words of the usual list

good = [
  "good", "well", "nice", "fine", "fast", "quick", "quickly", "easy", "easily", "friendly", "helpful",
  "reliable", "reliably", "satisfied", "happy", "pleased", "pleasant", "smooth", "smoothly", "clear",
  "like", "likes", "liked", "polite", "professional", "competent", "responsive", "recommend*",
  "thank*", "useful", "stable", "fair", "affordable", "solved", "resolved", "on time", "punctual*",
  "as promised", "improved", "better", "value for money", "efficient", "patient", "prompt", "promptly",
  "no problem", "no problems", "no complaints", "works", "worked well", "trust*", "comfortable",
  "好", "不错", "满意", "快", "及时", "方便", "简单", "容易", "热情", "耐心", "专业", "可靠", "稳定", "顺利",
  "友好", "周到", "喜欢", "感谢", "谢谢", "推荐", "值得", "划算", "实惠", "便宜", "准时", "清楚", "清晰", "负责",
  "高效", "解决了", "有帮助", "放心", "舒服", "没问题", "改善", "进步", "支持", "好用", "省心", "流畅", "认真",
]
very_good = [
  "excellent", "great", "perfect", "perfectly", "amazing", "outstanding", "fantastic", "wonderful",
  "love", "loved", "best", "superb", "awesome", "brilliant", "delighted", "impressed", "impressive",
  "非常好", "很棒", "太棒了", "棒", "优秀", "完美", "极好", "最好的", "超赞", "赞", "惊喜", "一流", "出色", "五星",
]
bad = [
  "bad", "badly", "poor", "poorly", "slow", "slowly", "late", "delay*", "expensive", "overpriced",
  "difficult", "hard to", "complicated", "confusing", "confused", "rude", "unfriendly", "unhelpful",
  "unreliable", "unsatisfied", "dissatisfied", "unhappy", "disappoint*", "problem", "problems",
  "issue", "issues", "error", "errors", "bug", "bugs", "crash*", "fail*", "broken", "broke", "defect*",
  "damag*", "missing", "wrong", "complain*", "wait", "waited", "waiting", "unclear", "annoy*",
  "frustrat*", "lack", "lacks", "lacking", "worse", "weak", "dirty", "leak*", "return*", "refund*",
  "unprofessional", "unresponsive", "ignored", "incomplete", "inconvenien*", "faulty", "noisy",
  "差", "慢", "贵", "难", "麻烦", "复杂", "问题", "故障", "错误", "坏", "坏了", "破损", "损坏", "延迟", "延误",
  "拖延", "迟到", "等了", "久等", "失望", "不满", "投诉", "抱怨", "敷衍", "推诿", "推卸", "冷漠", "缺货", "缺少",
  "漏", "卡顿", "卡死", "崩溃", "退货", "退款", "难用", "不好用", "不清楚", "不方便", "态度差", "没人管", "没人理",
  "欠缺", "不足", "粗糙", "瑕疵", "返修", "掉线", "涨价", "晚了", "没收到", "联系不上",
]
very_bad = [
  "terrible", "awful", "horrible", "worst", "useless", "unacceptable", "disaster", "disgust*", "hate",
  "scam", "fraud*", "never again", "waste of money", "waste of time", "appalling", "outrageous",
  "很差", "太差", "极差", "糟糕", "糟透了", "垃圾", "骗", "骗子", "欺骗", "恶劣", "最差", "无法接受", "忍无可忍",
  "再也不", "气愤", "坑人", "灾难",
]
not = [
  "not", "no", "never", "isn't", "wasn't", "aren't", "weren't", "don't", "doesn't", "didn't", "can't",
  "cannot", "couldn't", "won't", "wouldn't", "hasn't", "haven't", "hadn't", "without", "hardly", "nor",
  "nothing", "neither",
  "不", "没", "没有", "不是", "不太", "不够", "并不", "并非", "无", "未", "别", "从不", "毫无", "不再", "不怎么",
]
more = [
  "very", "really", "extremely", "so", "too", "absolutely", "totally", "highly", "super", "especially",
  "很", "非常", "特别", "十分", "太", "极其", "超", "最", "真", "真的", "相当", "尤其",
]
less = [
  "a bit", "a little", "slightly", "somewhat", "fairly", "sometimes", "occasionally",
  "有点", "有些", "稍", "稍微", "略", "偶尔", "比较",
]
but = [
  "but", "however", "although", "though", "yet", "except",
  "但", "但是", "不过", "可是", "然而", "只是", "虽然", "可惜",
]
# Words that contain others of these lists, and say nothing.
ignore = [
  "of course", "as well", "best regards", "like to", "would like", "late in", "well known",
  "好像", "好几", "差不多", "时差", "正好", "只好", "最好能", "不得不", "不但", "不仅", "有没有", "是不是", "难道",
  "快递", "快要", "你好", "您好", "好的", "难怪", "不同", "尽快", "超市", "最近", "最后", "最终", "未来", "无论",
  "太阳", "别的", "特别是", "支持团队", "技术支持", "客户支持",
]

[theme.price]
en = "Price"
zh = "价格"
words = ["price*", "pricing", "cost", "costs", "expensive", "cheap*", "discount*", "overpriced",
  "value for money", "affordable", "fee", "fees", "quote", "价格", "贵", "便宜", "费用", "报价", "折扣", "优惠",
  "性价比", "划算", "实惠", "涨价", "收费"]
[theme.delivery]
en = "Delivery"
zh = "交付物流"
words = ["deliver*", "ship", "shipped", "shipping", "shipment", "courier", "parcel", "package",
  "packaging", "arrive", "arrived", "on time", "late", "lead time", "发货", "交货", "送货", "快递", "物流",
  "交付", "交期", "包装", "到货", "配送", "运输", "准时", "延误", "缺货"]
[theme.quality]
en = "Product and quality"
zh = "产品质量"
words = ["quality", "product*", "defect*", "broken", "damag*", "faulty", "material*", "durab*",
  "reliab*", "质量", "品质", "产品", "做工", "材料", "破损", "损坏", "瑕疵", "故障", "耐用", "坏了"]
[theme.support]
en = "Support and service"
zh = "服务支持"
words = ["support", "service", "helpdesk", "help desk", "hotline", "customer care", "repair*",
  "warranty", "respon*", "服务", "客服", "售后", "支持团队", "技术支持", "客户支持", "维修", "保修", "响应", "热线", "回复"]
[theme.staff]
en = "People"
zh = "人员态度"
words = ["staff", "team", "colleague*", "salesperson", "sales rep", "account manager", "technician*",
  "engineer*", "friendly", "polite", "rude", "态度", "业务员", "销售", "员工", "工程师", "师傅", "团队", "经理",
  "人员", "热情", "耐心"]
[theme.software]
en = "Software and website"
zh = "软件网站"
words = ["software", "app", "website", "web site", "portal", "login", "log in", "interface", "feature*",
  "bug", "bugs", "crash*", "update*", "软件", "系统", "网站", "页面", "登录", "界面", "功能", "小程序", "卡顿",
  "崩溃", "更新"]
[theme.billing]
en = "Billing and paperwork"
zh = "账单合同"
words = ["invoice*", "billing", "bill", "bills", "payment*", "contract*", "paperwork", "refund*",
  "账单", "发票", "付款", "合同", "对账", "开票", "退款", "结算"]
[theme.advice]
en = "Advice and documentation"
zh = "咨询资料"
words = ["advice", "advise*", "consult*", "document*", "manual", "manuals", "instruction*", "training",
  "explain*", "information", "咨询", "建议", "说明书", "资料", "文档", "培训", "讲解", "手册", "介绍"]
)toml";
    return kWords;
}

}  // namespace kontor::feedback
