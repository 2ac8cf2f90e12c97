#include "tests/plugins/carddav/cards.hpp"

#include <algorithm>
#include <stdexcept>

namespace kontor::test {

std::string crlf(std::string_view lines) {
    std::string out;
    for (const char c : lines) {
        if (c == '\n') out += '\r';
        out += c;
    }
    return out;
}

const std::vector<SampleCard>& sample_cards() {
    static const std::vector<SampleCard> all{
        {"ios", crlf(R"(BEGIN:VCARD
VERSION:3.0
PRODID:-//Apple Inc.//iPhone OS 17.5//EN
N:王;小明;;;
FN:王小明
ORG:北京示例科技有限公司;销售部
TITLE:销售总监
item1.EMAIL;type=INTERNET;type=pref:wang@example.cn
item1.X-ABLabel:_$!<Other>!$_
EMAIL;type=INTERNET;type=WORK:wang.work@example.cn
TEL;type=CELL;type=VOICE;type=pref:138 0000 1111
TEL;type=WORK;type=FAX:010-8888-7777
item2.TEL:400-123-4567
item2.X-ABLabel:总机
item3.ADR;type=WORK;type=pref:;;中关村大街1号\n8层;北京;北京市;100080;中国
item3.X-ABADR:cn
BDAY;X-APPLE-OMIT-YEAR=1604:1604-05-20
X-SOCIALPROFILE;type=weibo;x-user=wang:http://weibo.com/n/wang
PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAEBAQEBAQEBAQEBAQ
 EBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB/wAALC
 AABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIA
 QEAAD8AKp//2Q==
REV:2026-01-02T03:04:05Z
UID:5AE8DD3B-6A3A-4C3D-9F0A-000000000001
X-ABUID:5AE8DD3B-6A3A-4C3D-9F0A-000000000001:ABPerson
END:VCARD
)")},
        {"android", crlf(R"(BEGIN:VCARD
VERSION:4.0
PRODID:+//IDN bitfire.at//DAVx5/4.4 ez-vcard/0.12.1
UID:8f2c1d3e-1111-2222-3333-444455556666
FN:Ada Lovelace
N:Lovelace;Ada;King\, Countess;Dr.;PhD
TEL;TYPE=cell;PREF=1:+44 7700 900000
TEL;VALUE=uri;TYPE="voice,home":tel:+44-20-7946-0000
EMAIL;TYPE=home:ada@home.example
EMAIL;TYPE=work:ada@work.example
ADR;TYPE=home;LABEL="12 St James's Square\nLondon":;;12 St James's Square;L
 ondon;;SW1Y 4JH;United Kingdom
BDAY:18151210
CATEGORIES:math,poets\, sometimes
NOTE:First line\nsecond\; third\, fourth\\fifth
X-CUSTOM;X-P="a;b:c":what nobody knows
REV:20260102T030405Z
END:VCARD
)")},
        {"outlook", crlf(R"(BEGIN:VCARD
VERSION:2.1
N;LANGUAGE=zh-cn;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E6=9D=8E;=E5=9B=9B;;;
FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E6=9D=8E=
=E5=9B=9B
TEL;WORK;VOICE:+86 10 1234 5678
TEL;CELL;VOICE:13900002222
ADR;WORK;PREF;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:;;=E5=8D=97=E4=BA=AC=E8=B7=AF;=E4=B8=8A=E6=B5=B7;;200000;
EMAIL;PREF;INTERNET:lisi@example.cn
PHOTO;TYPE=JPEG;ENCODING=BASE64:
 /9j/4AAQSkZJRgABAQEAYABgAAD/2wBDAAIBAQIBAQICAgICAgICAwUDAwMDAwYEBAMFBwYH
 BwcGBwcICQsJCAgKCAcHCg0KCgsMDAwMBwkODw0MDgsMDAz/2Q==

X-MS-OL-DEFAULT-POSTAL-ADDRESS:2
REV:20260102T030405Z
END:VCARD
)")},
        {"thunderbird", R"(BEGIN:VCARD
VERSION:4.0
EMAIL;PREF=1:nina@example.org
EMAIL:second@example.org
FN:Nina Müller
N:Müller;Nina;;;
TEL;TYPE=work;VALUE=TEXT:030 123456
X-CUSTOM1;VALUE=TEXT:eins
NOTE:Ein sehr langer Text mit Umlauten wie ä ö ü ß und noch mehr davon damit
  er umgebrochen wird
UID:c0ffee00-0000-4000-8000-000000000000
END:VCARD
)"},
        {"nextcloud", crlf(R"(BEGIN:VCARD
VERSION:3.0
PRODID:-//Sabre//Sabre VObject 4.5.4//EN
UID:nc-3f0c
FN:Example GmbH
ORG:Example GmbH
X-ABSHOWAS:COMPANY
URL;VALUE=URI:https://example.com/a?b=1;c=2
TEL;TYPE=WORK,VOICE:+49 30 1
TEL;TYPE=WORK,VOICE:+49 30 2
RELATED;TYPE=spouse:urn:uuid:1
REV;VALUE=DATE-AND-OR-TIME:20260102T030405Z
END:VCARD
)")},
    };
    return all;
}

const std::string& sample_card(std::string_view program) {
    const auto& all = sample_cards();
    const auto found = std::ranges::find(all, program, &SampleCard::program);
    if (found == all.end()) throw std::logic_error("no such sample card");
    return found->text;
}

}  // namespace kontor::test
