#pragma once

/// The frames between kontord and kontor-connector, the process of one connection.
///
///   frame = "KF" u8:version u8:kind, u8 code, 3 × u8:0, u32 call, 3 × u32 size, 3 × i64 number,
///           the three texts one after the other
///
/// Little-endian. The process says kHello once. From then on the daemon speaks first: it sends
/// kCall, and the process answers with kReturn. Until then it may ask for a service of the host at
/// any time: each kService is answered by one kAnswer, one after the other. It need not wait for an
/// answer before it asks for the next, but has read all of them before kReturn. kEnd is its last
/// word.
/// All frames of a call carry its number, so that one out of turn is recognised. The head has a
/// fixed size and the texts are taken as they are: nothing is parsed on the way of a record batch.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sync/base/result.hpp"

namespace kontor::frames {

inline constexpr std::uint8_t kVersion = 1;
inline constexpr std::size_t kHeadBytes = 48;
inline constexpr std::size_t kTexts = 3;

/// What one frame's texts may have together, in bytes. A process hands over record batches, bodies
/// of requests and descriptions; the daemon also the bodies of answers.
inline constexpr std::size_t kFromProcessMax = std::size_t{66} << 20;
inline constexpr std::size_t kFromDaemonMax = std::size_t{258} << 20;

/// The descriptor at which the process finds its end of the socket pair.
inline constexpr int kProcessFd = 3;

enum class Kind : std::uint8_t {
    kHello = 1,  ///< numbers: ABI, functions (a bit each); texts: name, version, spec
    kCall,       ///< code: Function; texts: its arguments
    kReturn,     ///< numbers: kontor_status, complete; texts: what it returned
    kService,    ///< code: Service; numbers and texts: its arguments
    kAnswer,     ///< numbers: kontor_status, then results; texts: results
    kEnd,        ///< code: End
};

/// The members of kontor_host. Append only.
enum class Service : std::uint8_t {
    kHttp,         ///< texts: head, body → numbers: HTTP status, spool; texts: headers, body
    kEmit,         ///< texts: batch, checkpoint
    kNow,          ///< → number
    kRandom,       ///< → number
    kSleep,        ///< number: ms
    kCancelled,    ///< → number
    kLog,          ///< number: level; texts: event, fields
    kSetError,     ///< texts: message, arguments
    kProgress,     ///< text: JSON
    kStateGet,     ///< → text
    kStatePut,     ///< text
    kFileRead,     ///< numbers: file, offset, size → text
    kFileOpen,     ///< number: mode; text: path → number: file
    kFileWrite,    ///< number: file; text: bytes
    kFileList,     ///< text: folder → text: JSON
    kFileClose,    ///< number: file
    kHttpBegin,    ///< as kHttp → number: ticket
    kHttpArrived,  ///< number: ticket → number
    kHttpFinish,   ///< number: ticket → as kHttp
    kDial,         ///< text: address → number: stream; text: JSON
    kStreamRead,   ///< numbers: stream, size, timeout in ms → text
    kStreamWrite,  ///< number: stream; text: bytes
    kStreamClose,  ///< number: stream
    kFileCommit,   ///< number: file
};
inline constexpr std::uint8_t kServices = 24;

/// Why a process ends itself.
enum class End : std::uint8_t {
    kNotLoaded,   ///< number: Errc; texts: message, arguments ("key\0value\0"…)
    kNotSecured,  ///< the sandbox could not be put on; text: why
    kRefused,     ///< number: the system call that the sandbox refused
    kMemory,      ///< an allocation failed
};

/// One frame. The texts are borrowed.
struct Frame {
    Kind kind = Kind::kEnd;
    std::uint8_t code = 0;
    std::uint32_t call = 0;
    std::array<std::int64_t, 3> numbers{};
    std::array<std::string_view, kTexts> texts{};
};

using HeadBytes = std::array<char, kHeadBytes>;

/// The head of a frame as it is sent; the texts follow it.
[[nodiscard]] HeadBytes encode_head(const Frame& frame) noexcept;

/// A frame whose texts are still to be read: their sizes, in order.
struct Head {
    Frame frame;
    std::array<std::uint32_t, kTexts> sizes{};
    [[nodiscard]] std::size_t bytes() const noexcept {
        return std::size_t{sizes[0]} + sizes[1] + sizes[2];
    }
};

/// kProtocol if it is no head of this version, or announces more than `bytes_max`.
[[nodiscard]] Result<Head> decode_head(const HeadBytes& bytes, std::size_t bytes_max);

/// Where the texts of received frames lie. Grows, and forgets what it holds when it does.
class TextBuffer {
public:
    /// Room for `size` bytes, whatever they hold. Valid until the next call.
    [[nodiscard]] char* room(std::size_t size);
    /// Gives back what only an unusually large frame needed.
    void trim();

private:
    std::unique_ptr<char[]> bytes_;
    std::size_t size_ = 0;
};

/// Lets the texts of `head` point into `bytes`, which hold them.
[[nodiscard]] Frame with_texts(const Head& head, const char* bytes) noexcept;

}  // namespace kontor::frames
