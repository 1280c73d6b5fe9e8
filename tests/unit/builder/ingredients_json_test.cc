#include "builder/cache/ingredients_json.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "layers/layer_entry.h"
#include "tests/support/builder/noted_key.h"

using namespace ibuild;
using builder::IngredientReader;
using builder::StepKey;

namespace {

/// What is read of a text, as one tells the other; none when it is damaged.
std::optional<std::string> note_content(std::string_view text, std::size_t piece_bytes = 1) {
  auto reader = test::try_read_note(text, piece_bytes);
  if (!reader) return std::nullopt;
  std::string content;
  for (const auto& item : reader->ingredients()) content += item.name + "=" + item.value + ";";
  content += " ";
  for (const auto& item : reader->details()) content += item.name + "=" + item.value + ";";
  content += " ";
  std::string last;
  while (const auto file = reader->next_file()) {
    if (!last.empty() && layers::compare_walk_order(last, file->path) >= 0) return "no order";
    last = file->path;
    content.append(file->path).append("=").append(file->fingerprint).append(";");
  }
  if (reader->is_damaged()) return std::nullopt;
  CHECK_FALSE(reader->next_file());
  return content;
}

StepKey sample_made_of() {
  StepKey key;
  key.add("op", "COPY \"a\\b\"\n");
  key.add("files", "sha256:1");
  key.add_detail("arg V", "");
  key.add_detail("step", "COPY . /");
  test::set_files(key, {{"a", "file 0644 0:0"}, {"a/\xff", "link \t"}, {"a-b", "dir 0755 1:1"}});
  return key;
}

constexpr std::string_view kNoteText =
    R"({"ingredients":[["op","COPY \"a\\b\"\n"],["files","sha256:1"]],)"
    R"("details":[["arg V",""],["step","COPY . /"],["file a","file 0644 0:0"],)"
    "[\"file a/\xc3\xbf\",\"link \\t\"],[\"file a-b\",\"dir 0755 1:1\"]]}";

constexpr std::string_view kNoteContent =
    "op=COPY \"a\\b\"\n;files=sha256:1; arg V=;step=COPY . /; "
    "a=file 0644 0:0;a/\xff=link \t;a-b=dir 0755 1:1;";

}  // namespace

TEST_CASE("ingredients_json: golden: the form on disk does not change by accident", "[builder]") {
  CHECK(test::note(sample_made_of()) == kNoteText);
  CHECK(note_content(kNoteText) == kNoteContent);
  CHECK(test::note(StepKey()) == R"({"ingredients":[],"details":[]})");
  CHECK(note_content(test::note(StepKey())) == "  ");
}

TEST_CASE("ingredients_json: what takes too much is not written to its end", "[builder]") {
  StepKey key = sample_made_of();
  const auto fits = [&](std::uint64_t max_bytes) {
    base::StringSink sink;
    return builder::write_ingredients(key, max_bytes, sink);
  };
  CHECK(fits(kNoteText.size()));
  CHECK_FALSE(fits(kNoteText.size() - 1));
  int told = 0;
  key.set_files([&](const builder::TakeFile& take) {
    while (take(std::to_string(++told), std::string(1000, 'x'))) continue;
  });
  CHECK_FALSE(fits(200'000));
  CHECK(told < 400);
}

TEST_CASE("ingredients_json: cut short anywhere, or longer, it is damaged", "[builder]") {
  for (std::size_t size = 0; size < kNoteText.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(note_content(kNoteText.substr(0, size)));
  }
  CHECK_FALSE(note_content(std::string(kNoteText) + "\n"));
}

TEST_CASE("ingredients_json: a damaged byte is found, or is one of a text", "[builder]") {
  for (std::size_t i = 0; i < kNoteText.size(); ++i) {
    for (const char byte : std::string_view("\0\1\"\\[],/ a~\x80\xc3\xff", 14)) {
      CAPTURE(i, int{byte});
      std::string text(kNoteText);
      text[i] = byte;
      const auto content = note_content(text);
      CHECK(content != "no order");
      // Others cannot read it either then, or it is the order of the files that is wrong.
      if (content) CHECK(nlohmann::json::accept(text));
    }
  }
}

TEST_CASE("ingredients_json: what is of another form is not read", "[builder]") {
  for (const std::string_view text :
       {"", "{}", "[]", "null", R"({"ingredients":[]})", R"({"ingredients":[],"details":{}})",
        R"({"ingredients":[["a"]],"details":[]})",
        R"({"ingredients":[["a","b","c"]],"details":[]})",
        R"({"ingredients":[[1,2]],"details":[]})", R"({"ingredients":[,["a","b"]],"details":[]})",
        R"({"ingredients":[["a","b"],],"details":[]})",
        R"({"ingredients":[["a","b"]["c","d"]],"details":[]})",
        R"({"ingredients":[],"details":[[["a"],"b"]]})", R"({"details":[],"ingredients":[]})",
        R"({"ingredients":[],"details":[],"more":[]})", R"({"ingredients":[],"details":[]}})",
        // Files come last, in order, each once.
        R"({"ingredients":[],"details":[["file a","1"],["step","2"]]})",
        R"({"ingredients":[],"details":[["file a","1"],["file a","1"]]})",
        R"({"ingredients":[],"details":[["file b","1"],["file a","1"]]})",
        R"({"ingredients":[],"details":[["file a-b","1"],["file a/b","1"]]})"}) {
    CAPTURE(text);
    CHECK_FALSE(note_content(text));
  }
}

TEST_CASE("ingredients_json: more than a step can be made of is not kept", "[builder]") {
  constexpr std::size_t kPieceBytes = 64 << 10;
  const std::string huge(9 << 20, 'x');
  for (const auto& around : std::vector<std::pair<std::string, std::string>>{
           {R"({"ingredients":[["op",")", R"("]],"details":[]})"},
           {R"({"ingredients":[],"details":[["file a",")", R"("]]})"},
           {R"({"ingredients":[],"details":[["file a","1"],["file )", R"(","1"]]})"}}) {
    const auto with = [&](std::string text) {
      return text.insert(0, around.first).append(around.second);
    };
    CHECK(note_content(with("x"), kPieceBytes));
    CHECK_FALSE(note_content(with(huge), kPieceBytes));
  }
  for (const std::string_view list : {R"({"ingredients":[)", R"({"ingredients":[],"details":[)"}) {
    std::string text(list);
    for (int i = 0; i < 200'000; ++i) text += R"(["",""],)";
    const auto reader = test::try_read_note(text, kPieceBytes);
    CHECK_FALSE(reader);
  }
}

TEST_CASE("ingredients_json: any bytes keys are made of come back", "[builder]") {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    const auto text = [&] {
      std::string bytes;
      for (auto left = random() % 12; left > 0; --left) bytes += static_cast<char>(random() % 256);
      return bytes;
    };
    StepKey key;
    for (auto left = random() % 4; left > 0; --left) key.add(text(), text());
    for (auto left = random() % 4; left > 0; --left) key.add_detail("d" + text(), text());
    std::vector<builder::Ingredient> files;
    for (auto left = random() % 4; left > 0; --left)
      files.push_back({std::string(1, static_cast<char>('0' + files.size())) + text(), text()});
    test::set_files(key, files);
    auto reader = test::noted(key);
    CHECK(reader.ingredients() == key.ingredients());
    CHECK(reader.details() == key.details());
    for (const auto& wanted : files) {
      const auto file = reader.next_file();
      REQUIRE(file);
      CHECK(file->path == wanted.name);
      CHECK(file->fingerprint == wanted.value);
    }
    CHECK_FALSE(reader.next_file());
    CHECK_FALSE(reader.is_damaged());
  }
}
