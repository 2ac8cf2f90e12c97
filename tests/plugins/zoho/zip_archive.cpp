#include "tests/plugins/zoho/zip_archive.hpp"

#include <zlib.h>

#include <stdexcept>

namespace kontor::test {
namespace {

std::string little(std::size_t value, int bytes) {
    std::string out;
    for (int i = 0; i < bytes; ++i, value >>= 8) out.push_back(static_cast<char>(value & 0xFF));
    return out;
}

std::string deflated(const std::string& content) {
    z_stream zlib{};
    if (deflateInit2(&zlib, 1, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::runtime_error("deflateInit2");
    std::string out(deflateBound(&zlib, content.size()), '\0');
    zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
    zlib.avail_in = static_cast<uInt>(content.size());
    zlib.next_out = reinterpret_cast<Bytef*>(out.data());
    zlib.avail_out = static_cast<uInt>(out.size());
    deflate(&zlib, Z_FINISH);
    out.resize(zlib.total_out);
    deflateEnd(&zlib);
    return out;
}

}  // namespace

std::string zip_archive(const std::string& content, const ZipForm& form) {
    const std::string packed = form.stored ? content : deflated(content);
    const auto crc =
        crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size()));
    const std::string facts = little(crc, 4) + little(packed.size(), 4) + little(content.size(), 4);
    std::string out = "PK\3\4" + little(20, 2) + little(form.descriptor ? 8 : 0, 2) +
                      little(form.stored ? 0 : 8, 2) + little(0, 4) +
                      (form.descriptor ? std::string(12, '\0') : facts) + little(5, 2) +
                      little(4, 2) + "a.csv" + std::string("\xFE\xCA\0\0", 4) + packed;
    if (form.descriptor) out += (form.descriptor_signature ? "PK\7\10" : "") + facts;
    return out + "PK\5\6" + std::string(18, '\0');  // the directory is not needed to read
}

}  // namespace kontor::test
