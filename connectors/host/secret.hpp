#pragma once

#include <cstddef>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>

namespace kontor::host {

/// A credential. It cannot be printed, compared or converted; its memory is wiped when it goes.
/// Whoever needs the text says so by calling reveal(). Movable; a copy has to be asked for.
class Secret {
public:
    Secret() = default;
    /// Takes the text and wipes the string it came in.
    explicit Secret(std::string&& text);
    Secret(Secret&& other) noexcept;
    Secret& operator=(Secret&& other) noexcept;
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    ~Secret();

    /// Valid while this object lives. Never log it, never put it into an Error or a URL.
    [[nodiscard]] std::string_view reveal() const { return {text_.get(), size_}; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] Secret copy() const;

    friend std::ostream& operator<<(std::ostream&, const Secret&) = delete;

private:
    void wipe() noexcept;

    std::unique_ptr<char[]> text_;
    std::size_t size_ = 0;
};

/// Overwrites a string's memory and empties it.
void wipe(std::string& text) noexcept;

}  // namespace kontor::host
