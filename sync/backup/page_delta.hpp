#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "sync/base/result.hpp"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace kontor::backup {

/// Says of a page only how it differs from an older one: a zstd frame that has the older page as
/// its prefix. An edit of one row moves its neighbours within the page, so that bytes in place
/// differ widely, while nearly all of them were there before. Not thread-safe.
/// Source: https://facebook.github.io/zstd/zstd_manual.html (ZSTD_CCtx_refPrefix)
class PageDelta {
public:
    PageDelta();
    ~PageDelta();
    PageDelta(const PageDelta&) = delete;
    PageDelta& operator=(const PageDelta&) = delete;

    /// "" if it is not worth it: the result would be more than half of the page.
    [[nodiscard]] std::string encode(std::string_view before, std::string_view page);
    /// kCorrupt if it does not become a page of `page_bytes`.
    [[nodiscard]] Result<std::string> decode(std::string_view before, std::string_view delta,
                                             std::size_t page_bytes);

private:
    struct Free {
        void operator()(ZSTD_CCtx_s* context) const noexcept;
        void operator()(ZSTD_DCtx_s* context) const noexcept;
    };
    std::unique_ptr<ZSTD_CCtx_s, Free> encoder_;
    std::unique_ptr<ZSTD_DCtx_s, Free> decoder_;
};

}  // namespace kontor::backup
