#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/error.h"
#include "image/estargz.h"
#include "image/media_types.h"
#include "layers/estargz_writer.h"
#include "tests/unit/layers/layer_samples.h"
#include "tests/unit/layers/sample_bytes.h"

namespace ibuild::layers {

namespace {

using Json = nlohmann::json;
using test::directory;
using test::file;
using test::LayerStoreFixture;

constexpr std::size_t kFooterBytes = 51;

/// Larger than two chunks, and not to be divided by their size.
const std::string kLarge = test::sample_bytes((2 << 20) + 77);

std::vector<test::Sample> samples() {
  auto owned = file("etc/owned", "x", 0640);
  owned.entry.uid = 7;
  owned.entry.xattrs.push_back({.name = "user.\xff", .value = "v"});
  return test::sorted({directory("etc"), owned, file("etc/empty"), file("etc/large", kLarge),
                       file("etc/z", "last"), test::symlink("link", "etc/z"),
                       test::hardlink("more", "etc/z"), test::whiteout("gone"),
                       test::device("null", EntryType::char_device, 1, 3)});
}

std::string bytes_of(const LayerStoreFixture& store, const Layer& layer) {
  const auto fd = store.content().open(layer.blob.value().digest);
  base::FdSource source(fd.get());
  return base::read_all(source, 1 << 24, "blob");
}

std::string inflate(std::string_view members) {
  return test::decompress(LayerCompression::gzip, members);
}

/// Where the footer says that the table is.
std::size_t table_offset(std::string_view blob) {
  const auto footer = blob.substr(blob.size() - kFooterBytes);
  REQUIRE(footer.substr(32, 6) == "STARGZ");
  return std::stoul(std::string(footer.substr(16, 16)), nullptr, 16);
}

std::string table_text(std::string_view blob) {
  const std::string tar = inflate(blob.substr(table_offset(blob)));
  const auto size = std::stoul(tar.substr(124, 11), nullptr, 8);
  REQUIRE(tar.starts_with("stargz.index.json"));
  return tar.substr(512, size);
}

/// The entries that have bytes, in the order of the table, with what they inflate to.
std::map<std::string, std::string> contents(std::string_view blob, const Json& table) {
  std::map<std::string, std::string> found;
  std::vector<Json> chunks;
  for (const auto& entry : table["entries"]) {
    if (entry.contains("offset")) chunks.push_back(entry);
  }
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const std::size_t begin = chunks[i]["offset"];
    const std::size_t end =
        i + 1 < chunks.size() ? chunks[i + 1]["offset"].get<std::size_t>() : table_offset(blob);
    std::string& content = found[chunks[i]["name"]];
    CHECK(content.size() == chunks[i].value("chunkOffset", std::size_t{0}));
    const std::string plain = inflate(blob.substr(begin, end - begin));
    const auto size = chunks[i].value("chunkSize", chunks[i].value("size", std::size_t{0}));
    const std::string part = plain.substr(0, size);
    CHECK(base::sha256_of(part).str() == chunks[i]["chunkDigest"]);
    content += part;
  }
  return found;
}

Json entry_of(const Json& table, const std::string& name) {
  for (const auto& entry : table["entries"]) {
    if (entry["name"] == name) return entry;
  }
  return {};
}

}  // namespace

TEST_CASE("estargz: the blob inflates to the tar and its table", "[layers]") {
  LayerStoreFixture store;
  const Layer plain = store.build(samples());
  const Layer layer = store.layers().ensure_estargz(plain, {});
  const std::string blob = bytes_of(store, layer);
  const std::string inflated = inflate(blob);
  CHECK(layer.diff_id == base::sha256_of(inflated));
  CHECK(inflated.starts_with(test::tar_of(samples())));
  CHECK(layer.blob->media_type == image::media_type::kOciLayerGzip);
  CHECK(layer.blob->digest == base::sha256_of(blob));
  CHECK(layer.blob->annotations ==
        image::Annotations{{image::kEstargzToc, base::sha256_of(table_text(blob)).str()},
                           {image::kEstargzInflatedBytes, std::to_string(inflated.size())}});
  CHECK(store.temp_is_empty());
}

TEST_CASE("estargz: the table tells of every entry, and where the bytes of each file are",
          "[layers]") {
  LayerStoreFixture store;
  const Layer layer = store.layers().ensure_estargz(store.build(samples()), 9);
  const std::string blob = bytes_of(store, layer);
  const Json table = Json::parse(table_text(blob));
  CHECK(table["version"] == 1);
  CHECK(contents(blob, table) == std::map<std::string, std::string>{
                                     {"etc/large", kLarge}, {"etc/owned", "x"}, {"etc/z", "last"}});
  CHECK(entry_of(table, "etc/large")["digest"] == base::sha256_of(kLarge).str());
  CHECK(entry_of(table, "etc/z")["digest"] == base::sha256_of("last").str());
  CHECK(entry_of(table, "etc/empty")["digest"] == base::sha256_of("").str());
  CHECK(entry_of(table, "etc/")["type"] == "dir");
  CHECK(entry_of(table, "etc/owned")["uid"] == 7);
  CHECK(entry_of(table, "etc/owned")["mode"] == 0640);
  CHECK(entry_of(table, "etc/owned")["xattrs"] == Json{{"user.\uFFFD", base::encode_base64("v")}});
  CHECK(entry_of(table, "link")["linkName"] == "etc/z");
  CHECK(entry_of(table, "more")["type"] == "hardlink");
  CHECK(entry_of(table, "more")["linkName"] == "etc/z");
  CHECK(entry_of(table, ".wh.gone")["type"] == "reg");
  CHECK(entry_of(table, "null")["type"] == "char");
  CHECK(entry_of(table, "null")["devMinor"] == 3);
}

TEST_CASE("estargz: it is made once, and again when its blob is gone", "[layers]") {
  LayerStoreFixture store;
  const Layer plain = store.build(samples());
  const Layer first = store.layers().ensure_estargz(plain, {});
  CHECK(store.open_again()->ensure_estargz(plain, {}).blob == first.blob);
  store.content().remove(first.blob->digest);
  const Layer again = store.layers().ensure_estargz(plain, {});
  CHECK(again.blob == first.blob);
  CHECK(again.diff_id == first.diff_id);
  CHECK(store.content().has(first.blob->digest));
}

TEST_CASE("estargz: one is a layer like others, and is not made twice over", "[layers]") {
  LayerStoreFixture store;
  const Layer layer = store.layers().ensure_estargz(store.build(samples()), {});
  CHECK(store.layers().index(layer)->size() == samples().size());
  const auto entry = store.layers().index(layer)->find(base::RelPath::exact("etc/large"));
  REQUIRE(entry != nullptr);
  const auto data = store.layers().open_file(layer, *entry);
  CHECK(base::read_all(*data, 1 << 24, "file") == kLarge);
  CHECK(store.layers().ensure_estargz(layer, {}).diff_id == layer.diff_id);
}

TEST_CASE("estargz: the same bytes with any number of threads", "[layers]") {
  LayerStoreFixture store;
  const auto index = store.layers().index(store.build(samples()));
  const std::string tar = test::tar_of(samples());
  const auto make = [&](std::size_t threads, std::size_t piece) {
    base::ThreadPool pool(threads);
    base::StringSink out;
    EstargzWriter writer(*index, 5, out, pool);
    for (std::size_t at = 0; at < tar.size(); at += piece)
      writer.write(base::as_bytes(std::string_view(tar).substr(at, piece)));
    writer.finish();
    return out.take();
  };
  CHECK(make(1, 1000) == make(4, 1 << 20));
}

TEST_CASE("estargz: a tar that ends before its last file does", "[layers]") {
  LayerStoreFixture store;
  const auto index = store.layers().index(store.build(samples()));
  base::StringSink out;
  EstargzWriter writer(*index, 5, out, store.pool());
  writer.write(base::as_bytes(std::string_view(test::tar_of(samples())).substr(0, 5000)));
  CHECK_THROWS_AS(writer.finish(), base::ContentError);
}

TEST_CASE("estargz: a layer with a file of the table's name is refused", "[layers]") {
  LayerStoreFixture store;
  const Layer plain = store.build({file("stargz.index.json", "{}")});
  CHECK_THROWS_WITH(store.layers().ensure_estargz(plain, {}),
                    Catch::Contains("/stargz.index.json cannot be made eStargz"));
  CHECK(store.temp_is_empty());
}

}  // namespace ibuild::layers
