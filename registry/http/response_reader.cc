#include "registry/http/response_reader.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/text.h"
#include "registry/http/http_transport.h"

namespace ibuild::registry {

namespace {

constexpr std::size_t kBufferBytes = 128 << 10;
constexpr std::size_t kMaxChunkLineBytes = 4 << 10;
constexpr std::size_t kMaxTrailerBytes = 16 << 10;

[[noreturn]] void fail_protocol(const std::string& what) {
  throw TransportError(TransportFailure::protocol, "the answer is no valid HTTP: " + what);
}

[[noreturn]] void fail_closed(const std::string& where) {
  throw TransportError(TransportFailure::closed, "the connection was closed " + where);
}

bool has_token(const HttpHeaders& headers, std::string_view name, std::string_view token) {
  for (const std::string& value : headers.all(name)) {
    for (std::string_view part : base::split(value, ',')) {
      if (base::iequals(base::trim(part), token)) return true;
    }
  }
  return false;
}

/// RFC 9112 6.3: several equal values count as one.
std::optional<std::uint64_t> content_length(const HttpHeaders& headers) {
  std::optional<std::uint64_t> length;
  for (const std::string& value : headers.all("Content-Length")) {
    for (std::string_view part : base::split(value, ',')) {
      const auto number = base::parse_u64(base::trim(part));
      if (!number || (length && *length != *number)) fail_protocol("bad Content-Length");
      length = number;
    }
  }
  return length;
}

/// "1a2b;extension" → 0x1a2b. At most 15 digits, so that it cannot overflow.
std::optional<std::uint64_t> parse_chunk_size(std::string_view line) {
  const std::string_view digits = base::trim(line.substr(0, line.find(';')));
  if (digits.empty() || digits.size() > 15) return std::nullopt;
  std::uint64_t size = 0;
  for (const char c : digits) {
    const char lower = static_cast<char>(c | 0x20);
    if (c >= '0' && c <= '9') {
      size = size * 16 + static_cast<std::uint64_t>(c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      size = size * 16 + static_cast<std::uint64_t>(lower - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  return size;
}

/// A TLS alert or handshake record: the server answers our plain text with TLS.
bool looks_like_tls(base::Bytes bytes) {
  return bytes.size() >= 2 && (bytes[0] == std::byte{0x15} || bytes[0] == std::byte{0x16}) &&
         bytes[1] == std::byte{0x03};
}

}  // namespace

ResponseReader::ResponseReader(base::ByteSource& connection)
    : connection_(connection), buffer_(std::make_unique_for_overwrite<std::byte[]>(kBufferBytes)) {}

bool ResponseReader::fill() {
  if (begin_ != end_) return true;
  begin_ = 0;
  end_ = connection_.read({buffer_.get(), kBufferBytes});
  if (end_ == 0) return false;
  seen_ = true;
  return true;
}

std::string ResponseReader::read_line(std::size_t cap_bytes) {
  std::string line;
  while (fill()) {
    const auto* from = buffer_.get() + begin_;
    const auto* mark = static_cast<const std::byte*>(std::memchr(from, '\n', end_ - begin_));
    const std::size_t count =
        mark != nullptr ? static_cast<std::size_t>(mark - from) + 1 : end_ - begin_;
    line.append(base::as_text({from, count}));
    begin_ += count;
    if (line.size() > cap_bytes) fail_protocol("a line or the header fields are too long");
    if (mark != nullptr) return line;
  }
  if (line.empty()) fail_closed("before the whole answer came");
  fail_closed("in the middle of a line");
}

std::string ResponseReader::read_head_text() {
  if (!fill()) fail_closed("without an answer");
  if (looks_like_tls({buffer_.get() + begin_, end_ - begin_})) {
    throw TransportError(TransportFailure::speaks_tls, "the server wants TLS");
  }
  std::string head;
  while (true) {
    const std::string line = read_line(kMaxHeadBytes - head.size());
    if (line == "\r\n" || line == "\n") return head;
    head += line;
    if (head.size() >= kMaxHeadBytes) fail_protocol("the header fields are too long");
    if (!std::string_view(head).starts_with("HTTP/1.")) fail_protocol("no HTTP/1 status line");
    begun_ = true;
  }
}

HttpHead ResponseReader::read_head() {
  for (std::size_t interim = 0; interim <= kMaxInterimAnswers; ++interim) {
    std::optional<HttpHead> head = parse_http_head(read_head_text());
    if (!head) fail_protocol("malformed header fields");
    if (head->status == 101) fail_protocol("an upgrade nobody asked for");
    if (head->status >= 200) return std::move(*head);
  }
  fail_protocol("too many interim answers");
}

bool ResponseReader::read_body(const HttpHead& head, std::string_view request_method,
                               base::ByteSink& out, std::uint64_t cap_bytes) {
  cap_left_ = cap_bytes;
  const bool keep = head.minor_version >= 1 && !has_token(head.headers, "Connection", "close");
  if (request_method == "HEAD" || head.status == 204 || head.status == 304) {  // no body
    reusable_ = keep;
    return true;
  }
  const std::vector<std::string> encodings = head.headers.all("Transfer-Encoding");
  if (!encodings.empty()) {
    if (encodings.size() != 1 || !base::iequals(base::trim(encodings[0]), "chunked")) {
      fail_protocol("unknown Transfer-Encoding");
    }
    if (!copy_chunks(out)) return false;
    // With both framings somebody on the way may be confused about where the answer ends.
    reusable_ = keep && !head.headers.find("Content-Length");
    return true;
  }
  if (const auto length = content_length(head.headers)) {
    if (!copy_exactly(*length, out)) return false;
    reusable_ = keep;
    return true;
  }
  return copy_to_end(out);
}

bool ResponseReader::pass_on(std::size_t count, base::ByteSink& out) {
  const auto allowed = static_cast<std::size_t>(std::min<std::uint64_t>(count, cap_left_));
  const std::byte* from = buffer_.get() + begin_;
  begin_ += count;
  cap_left_ -= allowed;
  if (allowed > 0) out.write({from, allowed});
  return allowed == count;
}

bool ResponseReader::copy_exactly(std::uint64_t size_bytes, base::ByteSink& out) {
  std::uint64_t left = size_bytes;
  while (left > 0) {
    if (!fill()) {
      fail_closed("after " + std::to_string(size_bytes - left) + " of " +
                  std::to_string(size_bytes) + " bytes");
    }
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left, end_ - begin_));
    left -= count;
    if (!pass_on(count, out)) return false;
  }
  return true;
}

bool ResponseReader::copy_chunks(base::ByteSink& out) {
  while (true) {
    const auto size = parse_chunk_size(read_line(kMaxChunkLineBytes));
    if (!size) fail_protocol("bad chunk size");
    if (*size == 0) break;
    if (!copy_exactly(*size, out)) return false;
    if (!base::trim(read_line(kMaxChunkLineBytes)).empty()) fail_protocol("bad end of chunk");
  }
  std::size_t trailer_bytes = 0;
  while (true) {
    const std::string line = read_line(kMaxTrailerBytes);
    if (line == "\r\n" || line == "\n") return true;
    trailer_bytes += line.size();
    if (trailer_bytes > kMaxTrailerBytes) fail_protocol("too many trailer fields");
  }
}

bool ResponseReader::copy_to_end(base::ByteSink& out) {
  while (fill()) {
    if (!pass_on(end_ - begin_, out)) return false;
  }
  return true;
}

}  // namespace ibuild::registry
