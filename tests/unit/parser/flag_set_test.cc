#include "parser/flag_set.h"

#include <catch2/catch.hpp>

#include "tests/unit/parser/parse_helpers.h"

using namespace ibuild::parser;

namespace {

struct Values {
  std::optional<bool> link;
  std::optional<std::string> from;
  std::vector<std::string> exclude;
};

Values read(const std::string& line) {
  Values values;
  FlagSet flags;
  flags.add_switch("link", values.link);
  flags.add_text("from", values.from);
  flags.add_list("exclude", values.exclude);
  flags.parse(test::parse(line).nodes[0]);
  return values;
}

test::Fault fault(const std::string& line) {
  return test::fault_in([&line] { read(line); });
}

}  // namespace

TEST_CASE("flag_set: values go where they belong", "[parser]") {
  const Values values = read("COPY --link --from=a=b --exclude=x --exclude=y a b");
  CHECK(values.link == true);
  CHECK(values.from == "a=b");
  CHECK(values.exclude == std::vector<std::string>{"x", "y"});
}

TEST_CASE("flag_set: flags not given stay unset", "[parser]") {
  const Values values = read("COPY a b");
  CHECK_FALSE(values.link);
  CHECK_FALSE(values.from);
  CHECK(values.exclude.empty());
}

TEST_CASE("flag_set: a switch takes true and false in any case", "[parser]") {
  CHECK(read("COPY --link=True a b").link == true);
  CHECK(read("COPY --link=FALSE a b").link == false);
  CHECK(fault("COPY --link=yes a b").code == "invalid-flag-value");
  CHECK(fault("COPY --link= a b").code == "missing-flag-value");
}

TEST_CASE("flag_set: a text may be empty but not missing", "[parser]") {
  CHECK(read("COPY --from= a b").from == "");
  CHECK(fault("COPY --from a b").code == "missing-flag-value");
  CHECK(fault("COPY --exclude a b").code == "missing-flag-value");
}

TEST_CASE("flag_set: only lists may be given twice", "[parser]") {
  CHECK(fault("COPY --from=a --from=b a b").code == "duplicate-flag");
  CHECK(fault("COPY --link --link a b").column == 13);
}

TEST_CASE("flag_set: an unknown flag is named with its place and the nearest one", "[parser]") {
  const auto found = fault("COPY --link --form=x a b");
  CHECK(found.code == "unknown-flag");
  CHECK(found.message == "unknown flag: --form");
  CHECK(found.hint == "did you mean from?");
  CHECK(found.column == 13);
  CHECK(fault("COPY --whatever a b").hint.empty());
}

TEST_CASE("flag_set: letter case of a flag counts", "[parser]") {
  CHECK(fault("COPY --From=x a b").code == "unknown-flag");
}

TEST_CASE("flag_set: instructions without flags refuse all", "[parser]") {
  const auto found = test::fault_in([] { refuse_flags(test::parse("USER --x y").nodes[0]); });
  CHECK(found.code == "unknown-flag");
  CHECK_NOTHROW(refuse_flags(test::parse("USER x").nodes[0]));
}
