// Messages as mail programs and servers write them.
#include "daemon/mail/incoming.hpp"

#include <catch2/catch.hpp>

#include "daemon/mail/html_text.hpp"

using namespace kontor::mail;

namespace {

std::string reply(const std::string& headers, const std::string& body = "Hello\r\n") {
    return "From: Li <li@example.org>\r\nTo: feedback@example.com\r\n" + headers + "\r\n" + body;
}

// As Postfix makes it.
std::string bounce(const std::string& action, const std::string& status) {
    return "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.org (Mail Delivery System)\r\n"
           "Subject: Undelivered Mail Returned to Sender\r\nTo: Feedback+TAG@example.com\r\n"
           "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
           "Content-Type: multipart/report; "
           "report-type=delivery-status;\r\n\tboundary=\"B\"\r\n\r\n"
           "--B\r\nContent-Type: text/plain\r\n\r\nI'm sorry.\r\n"
           "--B\r\nContent-Description: Delivery report\r\nContent-Type: "
           "message/delivery-status\r\n"
           "\r\nReporting-MTA: dns; mx.example.org\r\nArrival-Date: Wed, 20 May 2026\r\n\r\n"
           "Final-Recipient: rfc822; nobody@example.org\r\nAction: " +
           action + "\r\nStatus: " + status +
           "\r\nDiagnostic-Code: smtp; 550 5.1.1 nobody\r\n\r\n"
           "--B\r\nContent-Type: text/rfc822-headers\r\n\r\nReceived: by x\r\n"
           "Message-Id: <tag.0@example.com>\r\nSubject: T\r\n\r\n--B--\r\n";
}

bool automatic(const std::string& header) {
    return read_incoming(reply(header + "\r\n")).automatic;
}

}  // namespace

TEST_CASE("a reply's words and what it answers", "[mail][incoming]") {
    const auto message = read_incoming(
        reply("Message-ID: <r1@example.org>\r\nSubject: =?utf-8?B?UmU6IOaCqOWlvQ==?=\r\n"
              "In-Reply-To: <a.0@example.com>\r\nReferences: <x@y> <a.0@example.com>\r\n"
              "Cc: A <Feedback+B@Example.com>, team: c@d.org, e@f.org;\r\n"
              "Content-Type: text/plain; charset=gb18030\r\nContent-Transfer-Encoding: base64\r\n",
              "xPq6w6Os0LvQuw==\r\n"));
    CHECK(message.id == "r1@example.org");
    CHECK(message.subject == "Re: 您好");
    CHECK(message.answers_to ==
          std::vector<std::string>{"a.0@example.com", "x@y", "a.0@example.com"});
    CHECK(message.recipients == std::vector<std::string>{"feedback@example.com",
                                                         "feedback+b@example.com", "c@d.org",
                                                         "e@f.org"});
    CHECK(message.text.starts_with("您好，谢谢"));
    CHECK_FALSE(message.automatic);
    CHECK_FALSE(message.report);
}

TEST_CASE("of several parts the plain one for reading counts, else the HTML", "[mail][incoming]") {
    const std::string both =
        "Content-Type: multipart/mixed; boundary=M\r\n\r\n--M\r\n"
        "Content-Type: multipart/alternative; boundary=A\r\n\r\n--A\r\nContent-Type: text/plain\r\n"
        "\r\nplain\r\n--A\r\nContent-Type: text/html\r\n\r\n<p>html</p>\r\n--A--\r\n"
        "--M\r\nContent-Type: text/plain\r\nContent-Disposition: "
        "attachment\r\n\r\nfile\r\n--M--\r\n";
    CHECK(read_incoming("MIME-Version: 1.0\r\n" + both).text == "plain");
    CHECK(read_incoming(reply("Content-Type: text/html\r\n",
                              "<html><head><title>t</title><style>p{}</style></head><body>"
                              "<div>Good &amp; fast<br></div><blockquote>asked<p>more</blockquote>"
                              "</body></html>"))
              .text == "Good & fast\n> asked\n> more\n");
    CHECK(read_incoming(reply("Content-Type: text/plain\r\nContent-Disposition: attachment\r\n"))
              .text.empty());
}

TEST_CASE("HTML is text with lines, and nothing of what is not shown", "[mail][incoming]") {
    for (const auto& [html, text] : std::initializer_list<std::pair<const char*, const char*>>{
             {"a  b\n c", "a b c\n"},
             {"<p>a</p><p>b", "a\nb\n"},
             {"a<br><br>b", "a\n\nb\n"},
             {"1 &lt; 2 &#x4f60;&#22909; &bogus; & c", "1 < 2 你好 &bogus; & c\n"},
             {"<script>alert(1)</script>a<!-- b -->c", "ac\n"},
             {"<blockquote>q<blockquote>r</blockquote></blockquote>s", "> q\n> > r\ns\n"},
             {"a < b", "a < b\n"},
             {"<style>never closed", ""},
             {"a<", "a<\n"},
             {"<a href=\"x", ""},
             {"&#0;&#xD800;&#99999999999;", "&#0;&#xD800;&#99999999999;\n"}})
        CHECK(text_of_html(html) == text);
}

TEST_CASE("a report's recipients and the message that it returns", "[mail][incoming]") {
    const auto hard = read_incoming(bounce("failed", "5.1.1 (no such user)"));
    CHECK(hard.report);
    CHECK(hard.automatic);
    REQUIRE(hard.deliveries.size() == 1);
    CHECK(hard.deliveries[0].action == "failed");
    CHECK(hard.deliveries[0].status == "5.1.1");
    CHECK(hard.returned == std::vector<std::string>{"tag.0@example.com"});
    CHECK(hard.recipients == std::vector<std::string>{"feedback+tag@example.com"});

    // With the whole message, and for people whose addresses are not ASCII.
    auto whole = bounce("delayed", "4.4.1");
    const std::string part = "Content-Type: text/rfc822-headers\r\n\r\n";
    whole.replace(whole.find(part), part.size(), "Content-Type: message/rfc822\r\n\r\n");
    whole.replace(whole.find("message/delivery-status"), 23, "message/global-delivery-status");
    const auto soft = read_incoming(whole);
    CHECK(soft.report);
    CHECK(soft.returned == std::vector<std::string>{"tag.0@example.com"});
    REQUIRE(soft.deliveries.size() == 1);
    CHECK(soft.deliveries[0].action == "delayed");

    // A person who forwards a report sends none.
    auto forwarded = bounce("failed", "5.1.1");
    forwarded.replace(forwarded.find("multipart/report"), 16, "multipart/mixed");
    CHECK_FALSE(read_incoming(forwarded).report);
}

TEST_CASE("who answers by itself is told from who writes", "[mail][incoming]") {
    for (const char* header :
         {"Auto-Submitted: auto-replied", "Auto-Submitted: auto-generated (x)", "Precedence: bulk",
          "Precedence: auto_reply", "X-Autoreply: yes", "Return-Path: <>",
          "List-Id: <l.example.com>", "Subject: Automatic reply: T",
          "Subject: =?utf-8?B?6Ieq5Yqo5Zue5aSN77yaVA==?=",
          "Content-Type: multipart/report; report-type=disposition-notification; boundary=B"}) {
        CAPTURE(header);
        CHECK(automatic(header));
    }
    for (const char* header : {"Auto-Submitted: no", "Precedence: first-class", "Subject: Re: T",
                               "Return-Path: <li@example.org>"}) {
        CAPTURE(header);
        CHECK_FALSE(automatic(header));
    }
}

TEST_CASE("whatever the bytes are, what comes out is bounded and UTF-8", "[mail][incoming]") {
    CHECK(read_incoming("").text.empty());
    CHECK(read_incoming(reply("", std::string(1'000'000, 'x'))).text.size() <= 64 * 1024);
    std::string nested = "MIME-Version: 1.0\r\n";
    for (int i = 0; i < 200; ++i)
        nested += "Content-Type: multipart/mixed; boundary=B" + std::to_string(i) + "\r\n\r\n--B" +
                  std::to_string(i) + "\r\n";
    CHECK(read_incoming(nested + "Content-Type: text/plain\r\n\r\ndeep").text.empty());
    const auto broken = read_incoming(
        reply("Subject: \xff\xfe\r\nContent-Type: text/plain; charset=utf-8\r\n", "a\xff\xc3z"));
    CHECK(broken.text.find('z') != std::string::npos);
    CHECK(broken.text.find('\xff') == std::string::npos);
    CHECK(broken.subject.find('\xff') == std::string::npos);
    std::string many = "References:";
    for (int i = 0; i < 1'000; ++i) many += " <" + std::to_string(i) + "@x>";
    CHECK(read_incoming(reply(many + "\r\n")).answers_to.size() == 64);
}
