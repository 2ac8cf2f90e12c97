#include "daemon/messages/job_texts.hpp"

namespace kontor::messages {
namespace {

// Jobs: commands, what they say, and alerts.
constexpr Text kJobTexts[] = {
    {"cli.command.jobs", "what kontord does by itself: list, run, pause, history",
     "kontord 自动执行的任务：列出、运行、暂停、历史"},
    {"cli.about.jobs",
     "Jobs are defined in the configuration, [job.NAME]: backups, drills, surveys, verifications, "
     "or a program of your own, at times or when something happens to a record. Times are shown in "
     "UTC.",
     "任务在配置 [job.NAME] 中定义：备份、恢复演练、调查、核对或自定义程序，"
     "按时间或在记录发生变化时执行。时间以 UTC 显示。"},
    {"cli.command.jobs.run", "run a job now and wait for its end", "立即运行任务并等待结束"},
    {"cli.about.jobs.run",
     "It runs whatever its times and conditions say, also while it is paused. Ctrl-C stops "
     "waiting, "
     "not the job.",
     "无论时间和条件如何都会运行，暂停时也一样。Ctrl-C 只停止等待，不停止任务。"},
    {"cli.command.jobs.stop", "stop the run that is under way", "停止正在进行的运行"},
    {"cli.command.jobs.pause", "let a job's times pass until it is resumed", "暂停任务，直到恢复"},
    {"cli.command.jobs.resume", "go on with a paused job", "恢复已暂停的任务"},
    {"cli.command.jobs.history", "the last runs and how they ended", "最近的运行及其结果"},
    {"cli.command.jobs.log", "what a run said: its number, or a job's name for its last one",
     "运行的输出：运行编号，或任务名（其最近一次运行）"},
    {"cli.option.jobs.history.limit", "how many runs (20)", "显示的运行数（20）"},
    {"cli.column.job", "JOB", "任务"},
    {"cli.column.task", "DOES", "内容"},
    {"cli.column.when", "WHEN", "时间"},
    {"cli.column.next", "NEXT", "下次"},
    {"cli.column.last_success", "LAST SUCCESS", "上次成功"},
    {"cli.column.cause", "CAUSE", "原因"},
    {"cli.column.took", "TOOK", "用时"},
    {"cli.column.detail", "DETAIL", "详情"},
    {"cli.jobs.none",
     "There are no jobs. Define some: [job.NAME] in the configuration, docs/jobs.md",
     "没有任务。请在配置中定义 [job.NAME]，参见 docs/jobs.md"},
    {"cli.jobs.no_runs", "No job has run yet.", "还没有任务运行过。"},
    {"cli.jobs.no_run_of", "no job of the name {job} has run yet", "任务 {job} 尚未运行过"},
    {"cli.jobs.trouble", "{job}: not all of it works: {detail}", "{job}：有问题：{detail}"},
    {"cli.jobs.last", "{job}: {result} at {at}: {detail}", "{job}：{at} {result}：{detail}"},
    {"cli.jobs.ended", "{job}: {result} in {time}: {detail}",
     "{job}：{result}，用时 {time}：{detail}"},
    {"cli.jobs.see_log", "More: kontor jobs log {run}", "详情：kontor jobs log {run}"},
    {"cli.jobs.goes_on", "the job goes on; kontor jobs stop {job} ends it",
     "任务继续进行；用 kontor jobs stop {job} 结束"},
    {"cli.jobs.stopping", "{job} is told to stop.", "已通知 {job} 停止。"},
    {"cli.jobs.not_running", "{job} is not running.", "{job} 没有在运行。"},
    {"cli.jobs.paused", "{job} is paused; kontor jobs resume {job} goes on with it.",
     "{job} 已暂停；用 kontor jobs resume {job} 恢复。"},
    {"cli.jobs.resumed", "{job} goes on with its next time.", "{job} 将在下次时间继续。"},
    {"cli.jobs.log", "Run {run} of {job}, {at}: {result}: {detail}",
     "{job} 的第 {run} 次运行，{at}：{result}：{detail}"},
    {"stage.store", "storing", "保存"},
    {"stage.prune", "dropping old backups", "清理旧备份"},
    {"word.running", "running", "运行中"},
    {"word.paused", "paused", "已暂停"},
    {"word.waiting", "waiting", "等待中"},
    {"word.failing", "failing", "失败中"},
    {"word.interrupted", "interrupted", "中断"},
    {"word.mains", "for mains power", "接通电源"},
    {"word.unmetered", "for a network that costs nothing", "非计费网络"},
    {"word.others", "for other jobs", "其他任务"},
    {"word.cause_time", "time", "时间"},
    {"word.cause_catch_up", "missed", "补做"},
    {"word.cause_retry", "again", "重试"},
    {"word.cause_event", "event", "事件"},
    {"word.cause_follow_up", "follow-up", "跟进"},
    {"word.cause_person", "person", "人工"},
    {"reason.no_job", "There is no job {job}.", "没有任务 {job}。"},
    {"reason.no_job.hint", "Known ones: kontor jobs", "查看已有任务：kontor jobs"},
    {"reason.job_running", "{job} is running already.", "{job} 已在运行。"},
    {"reason.job_running.hint", "Wait for it: kontor jobs; or end it: kontor jobs stop {job}",
     "请等待：kontor jobs；或结束：kontor jobs stop {job}"},
    {"reason.job_waits", "{job} runs as soon as the jobs before it have ended.",
     "{job} 将在前面的任务结束后运行。"},
    {"reason.job_waits.hint", "Watch: kontor jobs", "查看：kontor jobs"},

    {"job.alert.failed", "Kontor on {machine}: the job {job} has failed",
     "Kontor（{machine}）：任务 {job} 失败"},
    {"job.alert.overdue", "Kontor on {machine}: the job {job} has not worked for too long",
     "Kontor（{machine}）：任务 {job} 太久没有成功"},
    {"job.alert.recovered", "Kontor on {machine}: the job {job} works again",
     "Kontor（{machine}）：任务 {job} 已恢复正常"},
    {"job.alert.details",
     "Last success: {succeeded}\nFailures in a row: {failures}\nThe last run: {error}\n\n"
     "More: kontor jobs history {job}",
     "上次成功：{succeeded}\n连续失败：{failures}\n最近一次运行：{error}\n\n"
     "详情：kontor jobs history {job}"},
    {"job.alert.never", "never", "从未"},
    {"job.alert.no_error", "no error", "没有错误"},
};

// Kept in the replica in English.
constexpr Text kJobSentences[] = {
    {"said.job.stored", "stored {id}, {bytes} bytes added", "已存储 {id}，新增 {bytes} 字节"},
    {"said.job.no_mailbox", "feedback.toml has no [mailbox]", "feedback.toml 中没有 [mailbox]"},
    {"said.job.no_link_key", "link_key names no secret", "link_key 没有指明机密"},
    {"said.job.no_url", "public_url says no address", "public_url 没有给出地址"},
    {"said.job.answers", "the server answers {text}", "服务器应答 {text}"},
    {"said.backup.no_replica", "there is no replica at {path}", "{path} 没有副本"},
    {"said.backup.none", "there is no such backup", "没有这样的备份"},
    {"said.backup.damaged", "the backup is damaged: {detail}", "备份已损坏：{detail}"},
    {"said.backup.content", "its content is not what its manifest says", "其内容与清单不符"},
    {"said.backup.records", "{entity} has {count} records instead of {expected}",
     "{entity} 有 {count} 条记录，应为 {expected} 条"},
    {"said.backup.secret", "the secret {name}", "机密 {name}"},
    {"said.backup.ended", "restic ended with {code}: {text}", "restic 以代码 {code} 结束：{text}"},
    {"said.job.dropped", "{count} old dropped", "已删除 {count} 个旧备份"},
    {"said.job.taken", "{count} answers taken, {changed} corrected, {acted} acted upon",
     "收取 {count} 份答复，更正 {changed} 份，处理 {acted} 份"},
    {"said.job.received", "{count} messages read, {answers} answers, {bounces} bounces",
     "读取 {count} 封邮件，答复 {answers} 份，退信 {bounces} 封"},
    {"said.job.answer", "answer {id}: {detail}", "答复 {id}：{detail}"},
    {"said.job.message", "message {id}: {detail}", "邮件 {id}：{detail}"},
    {"said.job.line", "line {line}: {detail}", "第 {line} 行：{detail}"},
    {"said.job.untaken", "submission {id} was not taken: {detail}", "未收取答卷 {id}：{detail}"},
    {"said.backup.secret_unread", "the secret {reference} cannot be read and is not in the backup",
     "无法读取机密 {reference}，备份中没有它"},
    {"said.backup.miscounted",
     "of {entity} there are {count} records, and by the history there should be {expected}: "
     "something makes or removes records past it (kontor doctor looks for missing triggers), "
     "which cannot be undone or restored one by one",
     "{entity} 有 {count} 条记录，而按历史应有 {expected} 条：有程序绕过历史新建或删除记录"
     "（kontor doctor 会检查缺失的触发器），这些更改无法撤销，也无法逐条恢复"},
    {"said.job.drill", "restored {id} and found it whole, {bytes} bytes in {ms} ms",
     "已恢复 {id} 并确认完整，{bytes} 字节，{ms} 毫秒"},
    {"said.job.drill_failed", "the drill failed: {detail}", "恢复演练失败：{detail}"},
    {"said.job.no_damage", "the repository has no damage", "存储库没有损坏"},
    {"said.job.agree", "both sides agree", "两侧一致"},
    {"said.job.differ",
     "{count} differences that nothing explains; kontor verify {name} lists them",
     "有 {count} 处无法解释的差异；用 kontor verify {name} 列出"},
    {"said.job.verify_gone", "the verification was taken away", "核对已被取消"},
    {"said.job.sent", "{count} people chosen, {made} invitations made, {sent} e-mails sent",
     "选出 {count} 人，生成 {made} 份邀请，发出 {sent} 封邮件"},
    {"said.job.no_mail", "links wait for a [mail] in feedback.toml: {count}",
     "等待 feedback.toml 中 [mail] 的链接：{count}"},
    {"said.job.code", "the program ended with code {code}", "程序以代码 {code} 结束"},
    {"said.job.no_program", "the program {name} is not installed", "程序 {name} 未安装"},
    {"said.job.timeout", "it took longer than its timeout", "超过了时限"},
    {"said.job.cancelled", "cancelled", "已取消"},
    {"said.job.ended", "kontord ended during the run", "运行期间 kontord 结束"},
    {"said.job.no_backup", "there is no [backup.{name}]", "没有 [backup.{name}]"},
    {"said.job.no_connection", "there is no connection {name}", "没有连接 {name}"},
    {"said.job.no_column", "there is no {entity}.{column}", "没有 {entity}.{column}"},
    {"said.job.prune", "prune", "清理旧备份"},

    // What is wrong in [jobs] and [job.NAME].
    {"said.config.no_time", "says no time", "没有给出时间"},
    {"said.config.time_of_day", "'{text}' is no time of the day such as 02:30",
     "“{text}”不是时刻，如 02:30"},
    {"said.config.cron_field", "'{text}' is no {field} of a cron line",
     "“{text}”不是 cron 行中有效的 {field}"},
    {"said.config.day_word",
     "'{word}' is none of daily, weekdays, weekends, weekly, monthly, hourly, every, or a day as "
     "monday",
     "“{word}”不是 daily、weekdays、weekends、weekly、monthly、hourly、every，也不是 monday "
     "这样的星期"},
    {"said.config.month_day", "'{text}' is no day of a month: 1 to 31, or last",
     "“{text}”不是一个月中的日期：1 到 31，或 last"},
    {"said.config.every", "every wants an interval of at least a minute, such as every 15m",
     "every 需要至少一分钟的间隔，如 every 15m"},
    {"said.config.schedule",
     "'{text}' is no schedule such as daily 02:30, weekly mon 09:00 or every 15m",
     "“{text}”不是时间安排，如 daily 02:30、weekly mon 09:00 或 every 15m"},
    {"said.config.extra_word", "'{text}' is one word too many", "“{text}”是多余的"},
    {"said.config.schedule_zone", "'{text}' is no time zone such as Europe/Berlin",
     "“{text}”不是时区，如 Europe/Berlin"},
    {"said.config.event", "an event is written as on deal.stage, or as on deal.stage = Closed Won",
     "事件写作 on deal.stage，或 on deal.stage = Closed Won"},
    {"said.config.when", "must be a text such as \"daily 02:30\", or a list",
     "必须是文本（如 \"daily 02:30\"）或列表"},
    {"said.config.task",
     "must be one of \"backup run NAME\", \"backup drill NAME\", \"backup verify NAME\" "
     "(--read-data), \"feedback act SURVEY\", \"feedback send SURVEY\", \"feedback receive\" and "
     "\"verify CONNECTION\" (--all)",
     "必须是 \"backup run NAME\"、\"backup drill NAME\"、\"backup verify NAME\"（--read-data）、"
     "\"feedback act SURVEY\"、\"feedback send SURVEY\"、\"feedback receive\" 或 \"verify "
     "CONNECTION\"（--all）之一"},
    {"said.config.conditions", "must be a list of mains, unmetered and idle",
     "必须是由 mains、unmetered、idle 组成的列表"},
    {"said.config.webhook",
     "must be a URL that begins with https://, or the reference to a secret that is one",
     "必须是以 https:// 开头的网址，或指向这样网址的机密引用"},
    {"said.config.smtp",
     "must be smtps://host:465, or smtp://host:587 for STARTTLS; name user and password beside it",
     "必须是 smtps://host:465，或用于 STARTTLS 的 smtp://host:587；用户名和密码另行给出"},
    {"said.config.address", "must be an e-mail address", "必须是电子邮件地址"},
    {"said.config.which_address", "'{text}' must be an e-mail address",
     "“{text}”必须是电子邮件地址"},
    {"said.config.no_task",
     "is missing: what is to be done? Give run, or command for a program of your own",
     "缺少：要做什么？请给出 run，或用 command 指定自己的程序"},
    {"said.config.two_tasks", "give either run or command", "run 与 command 只能给出一个"},
    {"said.config.no_connection_table", "there is no [connection.{name}]",
     "没有 [connection.{name}]"},
    {"said.config.mail_server", "e-mail needs smtp and from", "电子邮件需要 smtp 和 from"},
    {"said.config.mail_user", "give user and password, or neither",
     "user 与 password 须同时给出或都不给出"},
};

}  // namespace

std::span<const Text> job_texts() {
    return kJobTexts;
}

std::span<const Text> job_sentences() {
    return kJobSentences;
}

}  // namespace kontor::messages
