#include "sync/backup/page_delta.hpp"

#include <zstd.h>

#include <new>

namespace kontor::backup {

void PageDelta::Free::operator()(ZSTD_CCtx_s* context) const noexcept {
    ZSTD_freeCCtx(context);
}
void PageDelta::Free::operator()(ZSTD_DCtx_s* context) const noexcept {
    ZSTD_freeDCtx(context);
}

PageDelta::PageDelta() : encoder_(ZSTD_createCCtx()), decoder_(ZSTD_createDCtx()) {
    if (!encoder_ || !decoder_) throw std::bad_alloc();
}
PageDelta::~PageDelta() = default;

std::string PageDelta::encode(std::string_view before, std::string_view page) {
    std::string out(page.size() / 2, '\0');
    // A prefix holds for one frame, and is refused within one: a page that did not fit left its
    // own.
    ZSTD_CCtx_reset(encoder_.get(), ZSTD_reset_session_only);
    ZSTD_CCtx_refPrefix(encoder_.get(), before.data(), before.size());
    const auto size =
        ZSTD_compress2(encoder_.get(), out.data(), out.size(), page.data(), page.size());
    out.resize(ZSTD_isError(size) != 0U ? 0 : size);
    return out;
}

Result<std::string> PageDelta::decode(std::string_view before, std::string_view delta,
                                      std::size_t page_bytes) {
    std::string out(page_bytes, '\0');
    ZSTD_DCtx_refPrefix(decoder_.get(), before.data(), before.size());
    const auto size =
        ZSTD_decompressDCtx(decoder_.get(), out.data(), out.size(), delta.data(), delta.size());
    if (ZSTD_isError(size) != 0U || size != page_bytes)
        return fail(Errc::kCorrupt, "a changed page cannot be read",
                    {{"reason", "backup_damaged"}});
    return out;
}

}  // namespace kontor::backup
