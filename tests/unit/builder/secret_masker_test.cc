#include "builder/ops/secret_masker.h"

#include <catch2/catch.hpp>

using ibuild::builder::SecretMasker;
using Secrets = std::vector<ibuild::builder::StepSecrets::Secret>;

namespace {

/// The output as it is shown when it comes in pieces of `size`.
std::string masked(const Secrets& secrets, std::string_view output, std::size_t size = 1000) {
  SecretMasker masker(secrets);
  std::string shown;
  for (std::size_t i = 0; i < output.size(); i += size) shown += masker.add(output.substr(i, size));
  return shown + masker.take_rest();
}

}  // namespace

TEST_CASE("secret_masker: values are replaced, however the output is cut", "[builder]") {
  const Secrets secrets = {{"a", "open-sesame\n"}, {"b", "sesame-street"}};
  for (const std::size_t size : {1, 2, 3, 5, 7, 100}) {
    CAPTURE(size);
    CHECK(masked(secrets, "x open-sesame y open-sesame", size) == "x *** y ***");
    CHECK(masked(secrets, "open-open-sesame", size) == "open-***");
    CHECK(masked(secrets, "open-sesame-street", size) == "***-street");
    CHECK(masked(secrets, "open-sesam", size) == "open-sesam");
    CHECK(masked(secrets, "sesame-stree", size) == "sesame-stree");
  }
}

TEST_CASE("secret_masker: of values that begin alike the longest counts", "[builder]") {
  const Secrets secrets = {{"a", "abcd"}, {"b", "abcdefgh"}};
  for (const std::size_t size : {1, 3, 100}) {
    CHECK(masked(secrets, "-abcdefgh-abcde-abcd", size) == "-***-***e-***");
  }
}

TEST_CASE("secret_masker: lines of a value of several lines are masked as well", "[builder]") {
  const Secrets secrets = {{"key", "-----BEGIN KEY-----\r\nMIIEowIBAAKC\r\nab\r\n"}};
  CHECK(masked(secrets, "> MIIEowIBAAKC\nab\n") == "> ***\nab\n");
}

TEST_CASE("secret_masker: what is too short to be told from other text stays", "[builder]") {
  CHECK(masked({{"pin", "pw"}, {"empty", ""}, {"lines", "\n\n"}}, "pwd: /pw\n") == "pwd: /pw\n");
}

TEST_CASE("secret_masker: without secrets nothing is held back", "[builder]") {
  const Secrets none;
  SecretMasker masker(none);
  CHECK(masker.add("text") == "text");
  CHECK(masker.take_rest().empty());
}

TEST_CASE("secret_masker: only what may become a value is held back", "[builder]") {
  const Secrets secrets = {{"a", "sesame"}};
  SecretMasker masker(secrets);
  CHECK(masker.add("done: se") == "done: ");
  CHECK(masker.add("ven\n") == "seven\n");
  CHECK(masker.take_rest().empty());
}
