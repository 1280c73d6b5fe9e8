#include "builder/ops/secret_search.h"

#include <catch2/catch.hpp>

#include "layers/tar_writer.h"
#include "parser/diagnostic.h"

using namespace ibuild;
using builder::SecretSearch;

namespace {

const parser::SourceRange kRange{};

layers::LayerEntry file(const std::string& path, std::size_t size) {
  layers::LayerEntry entry;
  entry.path = base::RelPath::exact(path);
  entry.mode = 0644;
  entry.size_bytes = size;
  return entry;
}

/// Searches the layer that `fill` writes; the message, or nothing.
template <typename F>
std::string found(const std::vector<builder::StepSecrets::Secret>& secrets, F&& fill) {
  SecretSearch search(secrets, kRange);
  std::vector<layers::LayerEntry> entries;
  layers::TarWriter tar(search);
  fill([&](layers::LayerEntry entry, std::string_view content) {
    base::StringSource data(content);
    const bool is_file = entry.type == layers::EntryType::file;
    entry.tar_offset = tar.add(entry, is_file ? &data : nullptr);
    entries.push_back(entry);
  });
  tar.finish();
  try {
    search.finish(layers::LayerIndex(std::move(entries), layers::TarOrigin::own));
  } catch (const parser::DockerfileError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("secret_search: a value in a file is found, with the file's path", "[builder]") {
  const std::string big(100'000, 'x');
  const std::string message =
      found({{"none", "other-value"}, {"token", "open-sesame\n"}}, [&](const auto& add) {
        add(file("a", big.size()), big);
        const std::string content = big + "key=open-sesame;";
        add(file("dir/b", content.size()), content);
        add(file("z", 1), "z");
      });
  CHECK(message == "the value of secret token is in the layer of this step: /dir/b");
}

TEST_CASE("secret_search: so is one in a name or in a link", "[builder]") {
  // The message must not tell the value.
  CHECK(found({{"t", "open-sesame"}}, [](const auto& add) {
          add(file("x-open-sesame.open", 0), "");
        }).ends_with("this step: /x-***.open"));
  CHECK_THAT(found({{"t", "open-sesame"}},
                   [](const auto& add) {
                     add(file("a", 1), "a");
                     auto link = file("link", 0);
                     link.type = layers::EntryType::symlink;
                     link.link_target = "open-sesame";
                     add(link, "");
                   }),
             Catch::Contains("/link"));
}

TEST_CASE("secret_search: a value is found across the blocks in which it comes", "[builder]") {
  const std::string text = "....open-sesame....";
  for (std::size_t cut = 1; cut + 1 < text.size(); ++cut) {
    CAPTURE(cut);
    SecretSearch search({{"t", "open-sesame"}}, kRange);
    search.write(base::as_bytes(text.substr(0, cut)));
    search.write(base::as_bytes(text.substr(cut, 1)));
    search.write(base::as_bytes(text.substr(cut + 1)));
    CHECK_THROWS_AS(search.finish(layers::LayerIndex({file("f", 100)})), parser::DockerfileError);
  }
}

TEST_CASE("secret_search: what is not there, or too short to tell, is not found", "[builder]") {
  const auto fill = [](const auto& add) { add(file("a", 12), "open-sesam 1"); };
  CHECK(found({{"t", "open-sesame"}}, fill).empty());
  CHECK(found({{"t", "sesam 1"}}, fill).empty());
  CHECK_FALSE(SecretSearch({{"t", "1234567\n"}}, kRange).has_values());
  CHECK(SecretSearch({{"t", "12345678\n"}}, kRange).has_values());
}
