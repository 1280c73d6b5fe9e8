#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "base/stream.h"
#include "registry/http/http_message.h"

namespace ibuild::registry {

/// Reads one HTTP/1.1 answer from a connection: head, then the body by its framing (Content-Length,
/// chunked, or up to the end of the connection). See: RFC 9112. Throws: TransportError (protocol,
/// closed, speaks_tls).
class ResponseReader {
 public:
  /// A head may be this large; registries and their proxies send a few KiB.
  static constexpr std::size_t kMaxHeadBytes = 64 << 10;
  static constexpr std::size_t kMaxInterimAnswers = 8;

  explicit ResponseReader(base::ByteSource& connection);

  /// The next head. Interim answers (1xx) are skipped.
  HttpHead read_head();
  /// Gives the body of the answer with `head` to `request_method` to the sink. False when it is
  /// longer than `cap_bytes`: the sink has got that much, and the connection cannot be used again.
  bool read_body(const HttpHead& head, std::string_view request_method, base::ByteSink& out,
                 std::uint64_t cap_bytes = std::numeric_limits<std::uint64_t>::max());
  /// After read_body: nothing is left over and the server keeps the connection open.
  bool connection_reusable() const { return reusable_ && begin_ == end_; }
  /// Whether any byte has been seen.
  bool has_seen_bytes() const { return seen_; }
  /// Whether an answer has begun. Bytes before that are none of it: a server may have sent a body
  /// behind an answer that has none, such as that to HEAD.
  bool has_begun() const { return begun_; }

 private:
  /// Reads more when nothing is buffered; false at the end of the connection.
  bool fill();
  std::string read_head_text();
  std::string read_line(std::size_t cap_bytes);
  // These give false when the cap stops them.
  bool copy_exactly(std::uint64_t size_bytes, base::ByteSink& out);
  bool copy_chunks(base::ByteSink& out);
  bool copy_to_end(base::ByteSink& out);
  /// Passes up to `count` buffered bytes on, as far as the cap allows.
  bool pass_on(std::size_t count, base::ByteSink& out);

  base::ByteSource& connection_;
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t cap_left_ = 0;
  bool seen_ = false;
  bool begun_ = false;
  bool reusable_ = false;
};

}  // namespace ibuild::registry
