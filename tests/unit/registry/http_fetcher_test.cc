#include "registry/http_fetcher.h"

#include <catch2/catch.hpp>
#include <vector>

#include "registry/base64.h"
#include "registry/http/socket_transport.h"
#include "tests/support/scripted_server.h"

using namespace ibuild::registry;
using ibuild::test::Conversation;
using ibuild::test::ScriptedServer;
namespace base = ibuild::base;
using std::chrono::milliseconds;

namespace {

/// Fetches into texts, one for each attempt that brought a body; does not wait between attempts.
class Fetching {
 public:
  explicit Fetching(std::string url) {
    request.url = std::move(url);
    request.open_sink = [this]() -> base::ByteSink& {
      return *bodies.emplace_back(std::make_unique<base::StringSink>());
    };
  }

  std::optional<HttpFile> run() {
    const HttpFetcher fetcher(
        {.transport = make_socket_transport({.timeouts = {.connect = milliseconds(2000),
                                                          .first_byte = milliseconds(2000),
                                                          .stall = milliseconds(2000)}}),
         .retrier = Retrier({.max_attempts = 3},
                            [this](milliseconds, const std::stop_token&) { ++waits; }),
         .user_agent = "ibuild/1"});
    return fetcher.fetch(request, {});
  }

  std::string error() {
    try {
      run();
    } catch (const base::Error& error) {
      return error.what();
    }
    return "no error";
  }

  std::string body() const { return bodies.empty() ? "no body" : bodies.back()->text(); }

  HttpFileRequest request;
  std::vector<std::unique_ptr<base::StringSink>> bodies;
  int waits = 0;
};

struct Answer {
  std::string status;
  std::string body = {};
  std::string headers = {};
};
using Answers = std::vector<Answer>;

/// A server that keeps the requests it got and answers them in turn, the last answer again and
/// again.
class Recorder {
 public:
  explicit Recorder(Answers answers)
      : answers_(std::move(answers)), server_({[this](Conversation& talk) { talk_to(talk); }}) {}

  std::string url(const std::string& path) const { return server_.url() + path; }
  std::string host() const { return server_.host(); }
  /// To be read after the fetch.
  std::vector<std::string> requests;

 private:
  void talk_to(Conversation& talk) {
    for (std::string text = talk.read_request(); !text.empty(); text = talk.read_request()) {
      const Answer& answer = answers_[std::min(requests.size(), answers_.size() - 1)];
      requests.push_back(text);
      talk.answer(answer.status, answer.body, answer.headers);
    }
  }
  Answers answers_;
  ScriptedServer server_;
};

bool has_line(const std::string& request, const std::string& line) {
  return request.find("\r\n" + line + "\r\n") != std::string::npos;
}

constexpr const char* kChanged = "Last-Modified: Wed, 21 Oct 2015 07:28:00 GMT\r\n";

}  // namespace

TEST_CASE("http_fetcher: a file and what is known of it", "[registry]") {
  Recorder server({{"200 OK", "content1",
                    std::string("ETag: \"abc\"\r\nContent-Encoding: GZIP\r\n") + kChanged}});
  Fetching fetching(server.url("/foo?key=geheim"));
  const auto file = fetching.run();
  REQUIRE(file);
  CHECK(fetching.body() == "content1");
  CHECK(file->digest == base::sha256_of("content1"));
  CHECK(file->size_bytes == 8);
  CHECK(file->url == server.url("/foo?key=..."));
  CHECK(file->etag == "\"abc\"");
  CHECK(file->last_modified == base::parse_rfc3339("2015-10-21T07:28:00Z"));
  CHECK(file->content_encoding == "gzip");
  CHECK(server.requests.at(0).starts_with("GET /foo?key=geheim HTTP/1.1\r\n"));
  CHECK(has_line(server.requests.at(0), "User-Agent: ibuild/1"));
  CHECK(has_line(server.requests.at(0), "Accept-Encoding: identity"));
}

TEST_CASE("http_fetcher: blanks and bytes above ASCII are sent encoded", "[registry]") {
  Recorder server(Answers{{"200 OK"}});
  Fetching fetching(server.url("/a b/\xc3\xa4?q=%20"));
  CHECK(fetching.run()->size_bytes == 0);
  CHECK(server.requests.at(0).starts_with("GET /a%20b/%C3%A4?q=%20 HTTP/1.1\r\n"));
}

TEST_CASE("http_fetcher: what is no http URL is refused", "[registry]") {
  CHECK_THROWS_AS(Fetching("ftp://host/x").run(), base::UsageError);
  CHECK_THROWS_AS(Fetching("http://host/\nX-Evil: 1").run(), base::UsageError);
  CHECK_THROWS_AS(Fetching("http:///x").run(), base::UsageError);
}

TEST_CASE("http_fetcher: another answer is an error that names it", "[registry]") {
  Recorder server(Answers{{"404 Not Found", "<html>long page</html>"}});
  Fetching fetching(server.url("/nope"));
  CHECK(fetching.error() == "GET " + server.url("/nope") + ": 404 Not Found");
  CHECK(server.requests.size() == 1);  // not tried again
  CHECK(fetching.bodies.empty());
}

TEST_CASE("http_fetcher: what may pass is tried again", "[registry]") {
  Recorder server(
      Answers{{"503 Service Unavailable"}, {"429 Too Many Requests"}, {"200 OK", "at last"}});
  Fetching fetching(server.url("/x"));
  CHECK(fetching.run());
  CHECK(fetching.body() == "at last");
  CHECK(fetching.waits == 2);
}

TEST_CASE("http_fetcher: enough is enough", "[registry]") {
  Recorder server(Answers{{"500 Internal Server Error"}});
  Fetching fetching(server.url("/x"));
  CHECK(fetching.error() ==
        "after 3 attempts: GET " + server.url("/x") + ": 500 Internal Server Error");
  CHECK(server.requests.size() == 3);
}

TEST_CASE("http_fetcher: a transfer that breaks off starts over with a new sink", "[registry]") {
  ScriptedServer server({[](Conversation& talk) {
                           talk.read_request();
                           talk.write("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\ncont");
                         },
                         [](Conversation& talk) {
                           talk.read_request();
                           talk.answer("200 OK", "content2");
                         }});
  Fetching fetching(server.url() + "/x");
  const auto file = fetching.run();
  CHECK(file->digest == base::sha256_of("content2"));
  REQUIRE(fetching.bodies.size() == 2);
  CHECK(fetching.bodies[0]->text() == "cont");
  CHECK(fetching.bodies[1]->text() == "content2");
}

TEST_CASE("http_fetcher: nobody answers", "[registry]") {
  Fetching fetching("http://127.0.0.1:" + std::to_string(ibuild::test::dead_port()) + "/x");
  CHECK_THAT(fetching.error(),
             Catch::Matchers::StartsWith("after 3 attempts: GET http://127.0.0.1:"));
}

TEST_CASE("http_fetcher: a redirect is followed", "[registry]") {
  Recorder server(Answers{{"302 Found", "", "Location: /real?sig=1\r\n"}, {"200 OK", "there"}});
  Fetching fetching(server.url("/short"));
  CHECK(fetching.run()->url == server.url("/real?sig=..."));
  CHECK(fetching.body() == "there");
}

TEST_CASE("http_fetcher: an error behind a redirect names both places", "[registry]") {
  Recorder server(Answers{{"302 Found", "", "Location: /gone\r\n"}, {"410 Gone"}});
  CHECK(Fetching(server.url("/short")).error() ==
        "GET " + server.url("/short") + " (which leads to " + server.url("/gone") + "): 410 Gone");
}

TEST_CASE("http_fetcher: redirects in a circle end", "[registry]") {
  Recorder server(Answers{{"302 Found", "", "Location: /again\r\n"}});
  CHECK_THAT(Fetching(server.url("/again")).error(),
             Catch::Matchers::Contains("more than 10 redirects"));
  CHECK(server.requests.size() == 11);
}

TEST_CASE("http_fetcher: authorization goes to the URL's own origin only", "[registry]") {
  Recorder other(Answers{{"200 OK", "x"}});
  Recorder server(Answers{{"307 Temporary Redirect", "", "Location: " + other.url("/x") + "\r\n"}});
  Fetching fetching(server.url("/x"));
  fetching.request.authorization = "Bearer geheim";
  fetching.run();
  CHECK(has_line(server.requests.at(0), "Authorization: Bearer geheim"));
  CHECK(other.requests.at(0).find("geheim") == std::string::npos);
}

TEST_CASE("http_fetcher: a user in the URL is sent as basic authorization, never shown",
          "[registry]") {
  Recorder server(Answers{{"401 Unauthorized"}});
  Fetching fetching("http://me:ge%68eim@" + server.host() + "/x");
  CHECK(fetching.error() == "GET " + server.url("/x") + ": 401 Unauthorized");
  CHECK(has_line(server.requests.at(0), "Authorization: Basic " + encode_base64("me:geheim")));
}

TEST_CASE("http_fetcher: a version at hand is asked about", "[registry]") {
  Recorder server(Answers{{"304 Not Modified"}});
  Fetching fetching(server.url("/x"));
  fetching.request.held_etag = "W/\"1\"";
  CHECK_FALSE(fetching.run());
  CHECK(fetching.bodies.empty());
  CHECK(has_line(server.requests.at(0), "If-None-Match: W/\"1\""));
}

TEST_CASE("http_fetcher: 304 to who asked for no version is an error", "[registry]") {
  Recorder server(Answers{{"304 Not Modified"}});
  CHECK(Fetching(server.url("/x")).error() == "GET " + server.url("/x") + ": 304 Not Modified");
}

TEST_CASE("http_fetcher: a server that sends the same version again is cut short", "[registry]") {
  ScriptedServer server({[](Conversation& talk) {
    talk.read_request();
    talk.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\nETag: \"1\"\r\n\r\nxxxx");
    talk.stay_silent();
  }});
  Fetching fetching(server.url() + "/x");
  fetching.request.held_etag = "W/\"1\"";
  CHECK_FALSE(fetching.run());
  CHECK(fetching.bodies.empty());
}

TEST_CASE("http_fetcher: more than the cap is refused, announced or not", "[registry]") {
  Recorder server(Answers{{"200 OK", "12345"}});
  Fetching announced(server.url("/x"));
  announced.request.cap_bytes = 4;
  CHECK_THROWS_AS(announced.run(), base::ContentError);
  CHECK(announced.bodies.empty());

  ScriptedServer endless({[](Conversation& talk) {
    talk.read_request();
    talk.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n12345");
  }});
  Fetching unannounced(endless.url() + "/x");
  unannounced.request.cap_bytes = 4;
  CHECK(unannounced.error() == "GET " + endless.url() + "/x: more than 4 B");
}

TEST_CASE("http_fetcher: the observer sees how far it got", "[registry]") {
  Recorder server(Answers{{"200 OK", "12345"}});
  Fetching fetching(server.url("/x"));
  std::vector<std::pair<std::uint64_t, std::uint64_t>> seen;
  fetching.request.observer = [&](std::uint64_t done, std::uint64_t total) {
    seen.emplace_back(done, total);
  };
  fetching.run();
  REQUIRE_FALSE(seen.empty());
  CHECK(seen.back() == std::pair<std::uint64_t, std::uint64_t>(5, 5));
}
