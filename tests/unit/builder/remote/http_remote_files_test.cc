#include "builder/remote/http_remote_files.h"

#include <catch2/catch.hpp>
#include <map>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "builder/remote/http_cache_entry.h"
#include "layers/compression.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild;
using remote::HttpRemoteFiles;

namespace {

struct WebFile {
  std::string body;
  registry::HttpHeaders headers = {};
};

/// Web servers in memory: files by URL, compared by ETag and time, and a log of what was asked for.
class FakeWeb : public registry::HttpTransport {
 public:
  registry::HttpResponse send(const registry::HttpRequest& request, std::stop_token) override {
    const std::lock_guard lock(mutex);
    requests.push_back(request);
    const auto found = files.find(request.url.str());
    if (found == files.end()) return answer(request, {404, "Not Found", 1, {}}, "no such file");
    const WebFile& file = found->second;
    const auto etag = file.headers.find("ETag");
    if (etag && request.headers.get("If-None-Match") == *etag)
      return answer(request, {304, "Not Modified", 1, {}}, "");
    if (!request.headers.get("If-Modified-Since").empty())
      return answer(request, {304, "Not Modified", 1, {}}, "");  // the files get no newer
    ++bodies_sent;
    return answer(request, {200, "OK", 1, file.headers}, file.body);
  }

  std::mutex mutex;
  std::map<std::string, WebFile> files;
  std::vector<registry::HttpRequest> requests;
  int bodies_sent = 0;

 private:
  static registry::HttpResponse answer(const registry::HttpRequest& request,
                                       const registry::HttpHead& head, const std::string& body) {
    base::ByteSink* sink = request.on_head(head);
    if (sink != nullptr) sink->write(base::as_bytes(body));
    return {head.status, head.headers, sink != nullptr ? "" : body};
  }
};

/// A store, a web, and one build after the other.
struct WebFixture {
  base::TempDir dir = test::make_scratch_dir();
  base::ThreadPool pool{1};
  std::unique_ptr<layers::Store> store = layers::Store::open(dir.host_path(), pool);
  FakeWeb* web = new FakeWeb;  // owned by the fetcher
  registry::HttpFetcher fetcher{
      {.transport = std::unique_ptr<registry::HttpTransport>(web),
       .retrier = registry::Retrier({.max_attempts = 1}, registry::make_waiter()),
       .user_agent = "ibuild"}};
  std::map<std::string, std::string> secrets;
  std::vector<std::string> warnings;

  HttpRemoteFiles new_build() {
    return HttpRemoteFiles({.fetcher = fetcher,
                            .store = *store,
                            .secrets = [this](const std::string& id) -> std::optional<std::string> {
                              const auto found = secrets.find(id);
                              return found == secrets.end() ? std::nullopt
                                                            : std::optional(found->second);
                            },
                            .warn = [this](const std::string& text) { warnings.push_back(text); }});
  }
  builder::RemoteFile fetch(const std::string& url) {
    return new_build().fetch({.url = url, .checksum = {}}, {});
  }
};

std::string text_of(const builder::RemoteFile& file) {
  base::FdRangeSource source(file.body.get(), 0, file.size_bytes);
  return base::read_all(source, 1 << 20, "body");
}

constexpr const char* kUrl = "http://web/a/file";

}  // namespace

TEST_CASE("http_remote_files: a file is fetched with what the server says of it", "[remote]") {
  WebFixture fixture;
  fixture.web->files[kUrl] = {"content1", {{"Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT"}}};
  const auto file = fixture.fetch(kUrl);
  CHECK(text_of(file) == "content1");
  CHECK(file.digest == base::sha256_of("content1"));
  CHECK(file.last_modified == base::parse_rfc3339("2015-10-21T07:28:00Z"));
}

TEST_CASE("http_remote_files: a missing file is an error", "[remote]") {
  WebFixture fixture;
  CHECK_THROWS_WITH(fixture.fetch(kUrl), "GET http://web/a/file: 404 Not Found");
}

TEST_CASE("http_remote_files: an unchanged file is asked about, not sent again", "[remote]") {
  WebFixture fixture;
  fixture.web->files[kUrl] = {
      "content1", {{"ETag", "\"1\""}, {"Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT"}}};
  fixture.fetch(kUrl);
  const auto again = fixture.fetch(kUrl);
  CHECK(text_of(again) == "content1");
  CHECK(again.last_modified == base::parse_rfc3339("2015-10-21T07:28:00Z"));
  CHECK(fixture.web->requests.size() == 2);
  CHECK(fixture.web->bodies_sent == 1);
}

TEST_CASE("http_remote_files: a changed file takes the old one's place", "[remote]") {
  WebFixture fixture;
  fixture.web->files[kUrl] = {"content1", {{"ETag", "\"1\""}}};
  fixture.fetch(kUrl);
  fixture.web->files[kUrl] = {"content2", {{"ETag", "\"2\""}}};
  CHECK(text_of(fixture.fetch(kUrl)) == "content2");
  fixture.web->files[kUrl] = {"content1", {{"ETag", "\"1\""}}};
  CHECK(text_of(fixture.fetch(kUrl)) == "content1");
}

TEST_CASE("http_remote_files: without an ETag every build fetches anew", "[remote]") {
  WebFixture fixture;
  fixture.web->files[kUrl] = {"content1", {{"Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT"}}};
  fixture.fetch(kUrl);
  fixture.web->files[kUrl] = {"content2", {{"Last-Modified", "Tue, 20 Oct 2015 07:28:00 GMT"}}};
  CHECK(text_of(fixture.fetch(kUrl)) == "content2");
}

TEST_CASE("http_remote_files: one build sees one content", "[remote]") {
  WebFixture fixture;
  fixture.web->files[kUrl] = {"content1"};
  auto build = fixture.new_build();
  build.fetch({.url = kUrl, .checksum = {}}, {});
  fixture.web->files[kUrl] = {"content2"};
  auto other_build = fixture.new_build();
  CHECK(text_of(other_build.fetch({.url = kUrl, .checksum = {}}, {})) == "content2");
  CHECK(text_of(build.fetch({.url = kUrl, .checksum = {}}, {})) == "content1");
}

TEST_CASE("http_remote_files: steps side by side fetch a file once", "[remote]") {
  WebFixture fixture;
  fixture.web->files[kUrl] = {"content1"};
  auto build = fixture.new_build();
  std::vector<std::string> texts(8);
  {
    std::vector<std::jthread> threads;
    for (auto& text : texts) {
      threads.emplace_back([&] { text = text_of(build.fetch({.url = kUrl, .checksum = {}}, {})); });
    }
  }
  CHECK(texts == std::vector<std::string>(8, "content1"));
  CHECK(fixture.web->bodies_sent == 1);
}

TEST_CASE("http_remote_files: with a checksum that fits nobody is asked again", "[remote]") {
  WebFixture fixture;
  fixture.web->files[kUrl] = {"content1"};
  const builder::RemoteFileRequest request{.url = kUrl, .checksum = base::sha256_of("content1")};
  fixture.new_build().fetch(request, {});
  CHECK(text_of(fixture.new_build().fetch(request, {})) == "content1");
  CHECK(fixture.web->requests.size() == 1);
}

TEST_CASE("http_remote_files: another checksum than the file's is refused, fetched or at hand",
          "[remote]") {
  WebFixture fixture;
  fixture.web->files[kUrl] = {"content1", {{"ETag", "\"1\""}}};
  const builder::RemoteFileRequest request{.url = kUrl, .checksum = base::sha256_of("other")};
  const std::string message = "digest mismatch for http://web/a/file: expected " +
                              base::sha256_of("other").str() + ", got " +
                              base::sha256_of("content1").str();
  CHECK_THROWS_WITH(fixture.new_build().fetch(request, {}), message);
  CHECK_THROWS_WITH(fixture.new_build().fetch(request, {}), message);
  auto build = fixture.new_build();
  build.fetch({.url = kUrl, .checksum = {}}, {});
  CHECK_THROWS_WITH(build.fetch(request, {}), message);
}

TEST_CASE("http_remote_files: a checksum of another algorithm is refused by name", "[remote]") {
  WebFixture fixture;
  const auto sha512 = base::Digest::parse("sha512:" + std::string(128, 'a'));
  CHECK_THROWS_WITH(fixture.new_build().fetch({.url = kUrl, .checksum = sha512}, {}),
                    Catch::Matchers::EndsWith("only sha256 is supported for files by URL"));
  CHECK(fixture.web->requests.empty());
}

TEST_CASE("http_remote_files: secrets go to the host that they name", "[remote]") {
  WebFixture fixture;
  fixture.web->files[kUrl] = {"x"};
  fixture.web->files["http://other/"] = {"x"};
  fixture.secrets["HTTP_AUTH_HEADER_web"] = "Basic abc\n";
  fixture.fetch(kUrl);
  fixture.fetch("http://other/");
  fixture.secrets["HTTP_AUTH_TOKEN_web"] = "geheim";
  fixture.fetch(kUrl);
  CHECK(fixture.web->requests.at(0).headers.get("Authorization") == "Basic abc");
  CHECK_FALSE(fixture.web->requests.at(1).headers.find("Authorization"));
  CHECK(fixture.web->requests.at(2).headers.get("Authorization") == "Bearer geheim");
}

TEST_CASE("http_remote_files: an encoding of the transfer is taken off", "[remote]") {
  WebFixture fixture;
  base::StringSink gzip;
  const auto compressor = layers::make_compressor({}, gzip, fixture.pool);
  compressor->write(base::as_bytes("content1"));
  compressor->finish();
  fixture.web->files[kUrl] = {gzip.text(), {{"Content-Encoding", "gzip"}, {"ETag", "\"1\""}}};
  const auto file = fixture.fetch(kUrl);
  CHECK(text_of(file) == "content1");
  CHECK(file.digest == base::sha256_of("content1"));
  CHECK(text_of(fixture.fetch(kUrl)) == "content1");
}

TEST_CASE(
    "http_remote_files: a cache entry without its bytes or with a damaged record is fetched again",
    "[remote]") {
  WebFixture fixture;
  fixture.web->files[kUrl] = {"content1", {{"ETag", "\"1\""}}};
  fixture.fetch(kUrl);
  const auto folder =
      base::open_dir_at(fixture.store->cache_dir("http"),
                        base::RelPath::exact(std::string(base::sha256_of(kUrl).hex())));
  base::write_file_atomically(
      folder, base::RelPath::exact(std::string(base::sha256_of("content1").hex())), "cut");
  CHECK(text_of(fixture.fetch(kUrl)) == "content1");
  CHECK(fixture.warnings.empty());
  base::write_file_atomically(folder, base::RelPath::exact("record"), "nonsense");
  CHECK(text_of(fixture.fetch(kUrl)) == "content1");
  CHECK(fixture.warnings.size() == 1);
  CHECK(fixture.web->bodies_sent == 3);
}
