#include "registry/http/response_reader.h"

#include <catch2/catch.hpp>

#include "registry/http/http_transport.h"

using namespace ibuild::registry;
namespace base = ibuild::base;

namespace {

/// Gives `text` in pieces of `step` bytes, as a slow connection does.
class PieceSource : public base::ByteSource {
 public:
  PieceSource(std::string text, std::size_t step) : text_(std::move(text)), step_(step) {}
  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t count = std::min({step_, buffer.size(), text_.size() - at_});
    std::copy_n(base::as_bytes(text_).begin() + static_cast<std::ptrdiff_t>(at_), count,
                buffer.begin());
    at_ += count;
    return count;
  }

 private:
  std::string text_;
  std::size_t step_;
  std::size_t at_ = 0;
};

struct Answer {
  HttpHead head;
  std::string body;
  bool reusable;
};

Answer read(const std::string& text, std::size_t step = 1 << 20, const char* method = "GET") {
  PieceSource source(text, step);
  ResponseReader reader(source);
  Answer answer;
  answer.head = reader.read_head();
  base::StringSink sink;
  reader.read_body(answer.head, method, sink);
  answer.body = sink.take();
  answer.reusable = reader.connection_reusable();
  return answer;
}

TransportFailure failure_of(const std::string& text) {
  try {
    read(text);
  } catch (const TransportError& error) {
    return error.failure();
  }
  FAIL("the answer was taken: " << text);
  throw;
}

}  // namespace

TEST_CASE("response_reader: Content-Length, whatever the pieces", "[registry]") {
  const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: a%2Bb\r\n\r\nhello";
  for (const std::size_t step : {1, 2, 7, 4096}) {
    const Answer answer = read(text, step);
    CHECK(answer.head.status == 200);
    CHECK(answer.head.headers.get("x") == "a%2Bb");
    CHECK(answer.body == "hello");
    CHECK(answer.reusable);
  }
}

TEST_CASE("response_reader: chunks, extensions and trailers", "[registry]") {
  const std::string text =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "4;ext=1\r\nwiki\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n";
  for (const std::size_t step : {1, 3, 4096}) {
    const Answer answer = read(text, step);
    CHECK(answer.body == "wiki0123456789");
    CHECK(answer.reusable);
  }
}

TEST_CASE("response_reader: a body up to the end of the connection", "[registry]") {
  const Answer answer = read("HTTP/1.0 200 OK\n\nall of this");
  CHECK(answer.body == "all of this");
  CHECK_FALSE(answer.reusable);
}

TEST_CASE("response_reader: HEAD, 204 and 304 have no body", "[registry]") {
  CHECK(read("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", 10, "HEAD").reusable);
  CHECK(read("HTTP/1.1 204 No Content\r\n\r\n").reusable);
  CHECK(read("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n").reusable);
}

TEST_CASE("response_reader: interim answers are skipped", "[registry]") {
  const Answer answer =
      read("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
  CHECK(answer.head.status == 201);
}

TEST_CASE("response_reader: endless interim answers are refused", "[registry]") {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "HTTP/1.1 102 Processing\r\n\r\n";
  CHECK(failure_of(text) == TransportFailure::protocol);
}

TEST_CASE("response_reader: a connection that is to be closed is not used again", "[registry]") {
  CHECK_FALSE(read("HTTP/1.1 200 OK\r\nConnection: Keep-Alive, Close\r\nContent-Length: 0\r\n\r\n")
                  .reusable);
  CHECK_FALSE(read("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").reusable);
  CHECK_FALSE(read("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab").reusable);
  CHECK_FALSE(
      read("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
          .reusable);
}

TEST_CASE("response_reader: truncation at any byte is seen", "[registry]") {
  const std::string length = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  for (std::size_t size = 0; size < length.size(); ++size) {
    INFO(size);
    CHECK(failure_of(length.substr(0, size)) == TransportFailure::closed);
  }
  const std::string chunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  for (std::size_t size = 0; size < chunked.size(); ++size) {
    INFO(size);
    CHECK(failure_of(chunked.substr(0, size)) == TransportFailure::closed);
  }
}

TEST_CASE("response_reader: nonsense is refused", "[registry]") {
  for (const char* text :
       {"hello\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 999 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\na: b\r\n folded\r\n\r\n",
        "HTTP/1.1 200 OK\r\nbad name: x\r\n\r\n", "HTTP/1.1 200 OK\r\nx: a\001b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        "HTTP/1.1 101 Switching\r\n\r\n"}) {
    INFO(text);
    CHECK(failure_of(text) == TransportFailure::protocol);
  }
}

TEST_CASE("response_reader: a head without end is refused", "[registry]") {
  std::string bomb = "HTTP/1.1 200 OK\r\n";
  while (bomb.size() < (1 << 20)) bomb += "X-Bomb: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n";
  CHECK(failure_of(bomb) == TransportFailure::protocol);
  CHECK(failure_of("HTTP/1.1 200 " + std::string(1 << 20, 'a')) == TransportFailure::protocol);
}

TEST_CASE("response_reader: TLS in place of HTTP is named", "[registry]") {
  CHECK(failure_of(std::string("\x15\x03\x01\x00\x02\x02\x46", 7)) == TransportFailure::speaks_tls);
}

TEST_CASE("http_message: header fields without case", "[registry]") {
  HttpHeaders headers{{"A", "1"}, {"a", "2"}, {"B", "3"}};
  CHECK(headers.get("a") == "1");
  CHECK(headers.all("A") == std::vector<std::string>{"1", "2"});
  headers.set("A", "9");
  CHECK(headers.all("a") == std::vector<std::string>{"9"});
  CHECK_FALSE(headers.find("C"));
  CHECK_FALSE(is_field_value("x\r\nEvil: 1"));
  CHECK(is_field_value("Bearer abc\t"));
}
