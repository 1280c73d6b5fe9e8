#include "tests/faults/fault_table.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace ibuild::test {

namespace {

using std::chrono::milliseconds;
using Once = NamedFault::Once;
using Change = std::function<void(Exchange&, WireAnswer&)>;

WireAnswer plain_answer(const std::string& status, const std::string& fields = {},
                        const std::string& body = {}) {
  return {.status_line = "HTTP/1.1 " + status,
          .fields = "Content-Length: " + std::to_string(body.size()) + "\r\n" + fields,
          .body = body};
}

/// The server sees nothing of the request.
Fault answers(const std::string& status, const std::string& fields = {},
              const std::string& body = {}) {
  return [answer = plain_answer(status, fields, body)](Exchange& exchange) {
    exchange.swallow();
    exchange.answer(answer);
  };
}

/// The server's answer, changed.
Fault changes(Change change) {
  return [change = std::move(change)](Exchange& exchange) {
    WireAnswer answer = exchange.forward();
    change(exchange, answer);
    exchange.answer(answer);
  };
}

/// Only so much of the answer comes: `share` of it, in hundredths.
std::string part_of(Exchange& exchange, std::size_t share) {
  const WireAnswer answer = exchange.forward();
  const std::string bytes = answer.bytes();
  return bytes.substr(0, std::min(bytes.size() - 1, bytes.size() * share / 100));
}

Fault cuts_answer(std::size_t share) {
  return [share](Exchange& exchange) {
    exchange.client().write(part_of(exchange, share));
    exchange.client().reset();
  };
}

Fault stalls_answer(std::size_t share) {
  return [share](Exchange& exchange) {
    exchange.client().write(part_of(exchange, share));
    exchange.client().stay_silent();
    exchange.client().close();
  };
}

Fault cuts_request(std::size_t body_bytes) {
  return [body_bytes](Exchange& exchange) {
    exchange.forward_part(body_bytes);
    exchange.client().reset();
  };
}

void hang_up(Exchange& exchange) { exchange.client().reset(); }

void lose_answer(Exchange& exchange) {
  exchange.forward();
  exchange.client().close();
}

void trickle(Exchange& exchange) {
  constexpr std::size_t kPieces = 40;
  const std::string bytes = exchange.forward().bytes();
  for (std::size_t at = 0; at < bytes.size(); at += bytes.size() / kPieces + 1) {
    exchange.client().write(bytes.substr(at, bytes.size() / kPieces + 1));
    if (!exchange.client().pause(milliseconds(1))) return;
  }
}

std::string target_of(const Exchange& exchange) {
  const std::string& head = exchange.head();
  const std::size_t begin = head.find(' ') + 1;
  return head.substr(begin, head.find(' ', begin) - begin);
}

Fault redirects_to(const std::string& origin) {
  return [origin](Exchange& exchange) {
    exchange.swallow();
    exchange.answer(plain_answer("307 Temporary Redirect",
                                 "Location: " + origin + target_of(exchange) + "\r\n"));
  };
}

/// One answer without an end, until the client has had enough.
Fault floods(const std::string& head, const std::string& piece) {
  return [head, piece](Exchange& exchange) {
    constexpr std::size_t kEndBytes = 64 << 20;
    exchange.swallow();
    exchange.client().write("HTTP/1.1 " + head);
    for (std::size_t sent = 0; sent < kEndBytes && exchange.client().write(piece);
         sent += piece.size()) {
    }
    exchange.client().reset();
  };
}

std::string repeat(const std::string& text, std::size_t count) {
  std::string result;
  for (std::size_t i = 0; i < count; ++i) result += text;
  return result;
}

void flip_last_byte(Exchange&, WireAnswer& answer) {
  if (!answer.body.empty()) answer.body.back() = static_cast<char>(answer.body.back() ^ 1);
}

void name_other_digest(Exchange&, WireAnswer& answer) {
  if (answer.value_of("Docker-Content-Digest").empty()) return;
  answer.set("Docker-Content-Digest", "sha256:" + std::string(64, '0'));
}

Change adds_to_length(int difference) {
  return [difference](Exchange& exchange, WireAnswer& answer) {
    const std::string length = answer.value_of("Content-Length");
    if (length.empty() || length == "0" || exchange.is("HEAD")) return;
    answer.set("Content-Length", std::to_string(std::stoi(length) + difference));
  };
}

/// The answer of an old server: its end is the end of the connection.
void answer_like_http10(Exchange& exchange) {
  WireAnswer answer = exchange.forward();
  answer.status_line.replace(0, 8, "HTTP/1.0");
  if (!exchange.is("HEAD")) answer.set("Content-Length", std::nullopt);
  exchange.answer(answer);
  exchange.client().close();
}

void pretend_gzip(Exchange&, WireAnswer& answer) {
  if (answer.body.empty()) return;
  answer.body = "\x1f\x8b\x08" + answer.body;
  answer.set("Content-Encoding", "gzip");
  answer.set("Content-Length", std::to_string(answer.body.size()));
}

std::string error_body(const std::string& code) {
  return R"({"errors":[{"code":")" + code + R"(","message":"made up by the tests"}]})";
}

void append(std::vector<NamedFault>& faults, std::vector<NamedFault> more) {
  std::move(more.begin(), more.end(), std::back_inserter(faults));
}

std::vector<NamedFault> status_faults() {
  const auto refuses = [](const std::string& status, const std::string& code,
                          const std::string& fields = {}) {
    return NamedFault{status + " " + fields.substr(0, fields.find(':')), Once::may_refuse,
                      answers(status, fields, error_body(code))};
  };
  return {refuses("401 Unauthorized", "UNAUTHORIZED"),
          refuses("401 Unauthorized", "UNAUTHORIZED", "WWW-Authenticate: Basic realm=\"x\"\r\n"),
          refuses("401 Unauthorized", "UNAUTHORIZED",
                  "WWW-Authenticate: Bearer realm=\"http://127.0.0.1:1/token\"\r\n"),
          refuses("403 Forbidden", "DENIED"),
          refuses("404 Not Found", "NAME_UNKNOWN"),
          refuses("413 Request Entity Too Large", "SIZE_INVALID"),
          refuses("429 Too Many Requests", "TOOMANYREQUESTS",
                  "ratelimit-remaining: 0;w=21600\r\nratelimit-limit: 100;w=21600\r\n"),
          refuses("429 Too Many Requests", "TOOMANYREQUESTS", "Retry-After: 100000\r\n"),
          refuses("501 Not Implemented", "UNSUPPORTED"),
          {"200 with a page to log in at", Once::may_refuse,
           answers("200 OK", "Content-Type: text/html\r\n", "<html>log in</html>")},
          {"204 without anything", Once::may_refuse, answers("204 No Content")}};
}

std::vector<NamedFault> wrong_answer_faults() {
  return {{"last byte of the body flipped", Once::may_refuse, changes(flip_last_byte)},
          {"another digest in the head", Once::may_refuse, changes(name_other_digest)},
          {"a byte less than promised", Once::may_refuse,
           [](Exchange& exchange) {
             changes(adds_to_length(1))(exchange);
             exchange.client().close();
           }},
          {"a byte more than promised", Once::may_refuse, changes(adds_to_length(-1))},
          {"gzip that nobody asked for", Once::may_refuse, changes(pretend_gzip)},
          {"a redirect in a circle", Once::may_refuse,
           answers("307 Temporary Redirect", "Location: ?again\r\n")},
          {"a redirect to what is no URL", Once::may_refuse,
           answers("307 Temporary Redirect", "Location: http://[\r\n")},
          {"a body without end", Once::may_refuse,
           floods("200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                  "10000\r\n" + std::string(0x10000, 'x') + "\r\n")},
          {"an error without end", Once::survives,
           floods("500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n",
                  "10000\r\n" + std::string(0x10000, 'x') + "\r\n")},
          {"header fields without end", Once::may_refuse,
           floods("200 OK\r\n", repeat("X-Bomb: boom\r\n", 1000))},
          {"a header field without end", Once::may_refuse,
           floods("200 OK\r\nX-Bomb: ", std::string(0x10000, 'b'))},
          {"interim answers without end", Once::may_refuse,
           floods("100 Continue\r\n\r\n", repeat("HTTP/1.1 100 Continue\r\n\r\n", 100))},
          {"a chunk of no size", Once::may_refuse,
           floods("200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "zz\r\n")},
          {"no HTTP at all", Once::may_refuse, [](Exchange& exchange) {
             exchange.swallow();
             exchange.client().write("220 mail.example ESMTP\r\n");
             exchange.client().close();
           }}};
}

}  // namespace

std::vector<NamedFault> passing_faults(const FaultProxy& elsewhere) {
  std::vector<NamedFault> faults = {
      {"hangs up at once", Once::survives, hang_up},
      {"loses the answer", Once::survives, lose_answer},
      {"cuts the request before its body", Once::survives, cuts_request(0)},
      {"cuts the request in its body", Once::survives, cuts_request(50'000)},
      {"trickles", Once::survives, trickle},
      {"answers as HTTP/1.0", Once::survives, answer_like_http10},
      {"leads to another host", Once::survives, redirects_to("http://" + elsewhere.host())}};
  for (const std::size_t share : {0, 10, 50, 90, 100}) {
    const std::string where = " the answer at " + std::to_string(share) + " %";
    faults.push_back({"cuts" + where, Once::survives, cuts_answer(share)});
    if (share != 10) faults.push_back({"stalls" + where, Once::survives, stalls_answer(share)});
  }
  for (const char* status : {"408 Request Timeout", "429 Too Many Requests", "500 Oops",
                             "502 Bad Gateway", "503 Unavailable", "504 Gateway Timeout"}) {
    faults.push_back({status, Once::survives, answers(status)});
  }
  faults.push_back(
      {"429 with Retry-After", Once::survives,
       answers("429 Too Many Requests", "Retry-After: 1\r\n", error_body("TOOMANYREQUESTS"))});
  return faults;
}

std::vector<NamedFault> all_faults(const FaultProxy& elsewhere) {
  std::vector<NamedFault> faults = passing_faults(elsewhere);
  append(faults, status_faults());
  append(faults, wrong_answer_faults());
  return faults;
}

}  // namespace ibuild::test
