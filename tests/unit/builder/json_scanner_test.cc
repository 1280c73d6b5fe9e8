#include "builder/cache/json_scanner.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/pieced_text.h"

namespace ibuild::builder {
namespace {

std::optional<std::string> scanned_text(std::string_view json, std::size_t max_bytes = 1000) {
  JsonScanner scanner(std::make_unique<base::StringSource>(json));
  std::string bytes;
  if (!scanner.take_text(bytes, max_bytes) || !scanner.at_end()) return std::nullopt;
  return bytes;
}

}  // namespace

TEST_CASE("json_scanner: a text keeps every byte, and is JSON for others too", "[builder]") {
  std::string bytes;
  std::string code_points;
  for (int c = 0; c < 256; ++c) {
    bytes += static_cast<char>(c);
    code_points += nlohmann::json::parse(fmt::format("\"\\u{:04x}\"", c)).get<std::string>();
  }
  std::string json;
  append_json_text(json, bytes);
  CHECK(scanned_text(json) == bytes);
  CHECK(nlohmann::json::parse(json).get<std::string>() == code_points);
  CHECK(json == nlohmann::json(code_points).dump());  // as it was written at first
  JsonScanner slow(std::make_unique<test::PiecedText>(json));
  std::string read;
  CHECK(slow.take_text(read, bytes.size()));
  CHECK(read == bytes);
}

TEST_CASE("json_scanner: takes what other writers may write of such a text", "[builder]") {
  CHECK(scanned_text("\"\"") == "");
  CHECK(scanned_text("\"\\/\\u00e9\\u00E9\\u0041\"") ==
        "/\xe9\xe9"
        "A");
}

TEST_CASE("json_scanner: what is no text of bytes is refused", "[builder]") {
  for (const std::string_view json : {"",
                                      "a",
                                      "'a'",
                                      "\"",
                                      "\"a",
                                      "\"\\",
                                      "\"\\\"",
                                      "\"\\x\"",
                                      "\"\\u\"",
                                      "\"\\u00\"",
                                      "\"\\u004\"",
                                      "\"\\u00g1\"",
                                      "\"\\u00+1\"",
                                      "\"\\u0100\"",
                                      "\"\xc4\x80\"",
                                      "\"\xc3\"",
                                      "\"\xc3",
                                      "\"\x80\"",
                                      "\"\xe2\x82\xac\"",
                                      "\"\xff\"",
                                      "\"\n\"",
                                      "\"a\"b"}) {
    CAPTURE(json);
    CHECK_FALSE(scanned_text(json));
  }
}

TEST_CASE("json_scanner: a text is as long as is wanted, not longer", "[builder]") {
  CHECK(scanned_text("\"abc\"", 3) == "abc");
  CHECK_FALSE(scanned_text("\"abc\"", 2));
  CHECK_FALSE(scanned_text("\"ab\\n\"", 2));
  CHECK(scanned_text("\"\"", 0) == "");
}

TEST_CASE("json_scanner: passes over what is next, and stays where that is something else",
          "[builder]") {
  JsonScanner scanner(std::make_unique<test::PiecedText>("[abc]"));
  CHECK_FALSE(scanner.take(']'));
  CHECK(scanner.take('['));
  CHECK(scanner.take("abc"));
  CHECK_FALSE(scanner.at_end());
  CHECK(scanner.take(']'));
  CHECK(scanner.at_end());
  CHECK_FALSE(scanner.take(']'));
  CHECK_FALSE(scanner.take("]"));
  CHECK(scanner.take(""));
}

}  // namespace ibuild::builder
