#include "parser/lint_config.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace ibuild::parser;

namespace {
const LintRuleInfo& kPlain = lint_rule_info(LintRule::maintainer_deprecated);
const LintRuleInfo& kExperimental = lint_rule_info(LintRule::invalid_definition_description);
}  // namespace

TEST_CASE("lint_config: rules are on, experimental ones off", "[parser]") {
  const LintConfig config = parse_lint_config("");
  CHECK(config.enables(kPlain));
  CHECK_FALSE(config.enables(kExperimental));
  CHECK_FALSE(config.findings_are_errors);
}

TEST_CASE("lint_config: rules are skipped by name or all at once", "[parser]") {
  CHECK_FALSE(parse_lint_config("skip=A, MaintainerDeprecated").enables(kPlain));
  CHECK(parse_lint_config("skip=A,B").enables(kPlain));
  CHECK_FALSE(parse_lint_config(" skip = all ").enables(kPlain));
}

TEST_CASE("lint_config: experimental rules are asked for, and not skipped by all", "[parser]") {
  CHECK(parse_lint_config("experimental=InvalidDefinitionDescription").enables(kExperimental));
  CHECK(parse_lint_config("skip=all;experimental=all").enables(kExperimental));
}

TEST_CASE("lint_config: findings may be errors", "[parser]") {
  CHECK(parse_lint_config("skip=A;error=true").findings_are_errors);
  CHECK_FALSE(parse_lint_config("error=false").findings_are_errors);
}

TEST_CASE("lint_config: the third option is the last, whatever is in it", "[parser]") {
  const LintConfig config = parse_lint_config("skip=A;error=true;skip=B;skip=all");
  CHECK(config.skipped.contains("B;skip=all"));
  CHECK_FALSE(config.skip_all);
}

TEST_CASE("lint_config: other options are faults", "[parser]") {
  for (const char* text : {"skip", "skip=A;foo=b", "error=maybe", ";"}) {
    INFO(text);
    CHECK_THROWS_AS(parse_lint_config(text), ibuild::base::UsageError);
  }
}

TEST_CASE("lint_config: a comment adds to the file's settings", "[parser]") {
  const LintConfig base = parse_lint_config("skip=A");
  const LintConfig merged =
      with_comments(base, {"hello", "check=skip=MaintainerDeprecated;error=true"});
  CHECK_FALSE(merged.enables(kPlain));
  CHECK(merged.skipped.contains("A"));
  CHECK_FALSE(merged.findings_are_errors);
  CHECK(base.enables(kPlain));
}

TEST_CASE("lint_config: a comment that cannot be read adds nothing", "[parser]") {
  CHECK(with_comments({}, {"check=nonsense"}).enables(kPlain));
  CHECK(with_comments({}, {"skip=all"}).enables(kPlain));
  CHECK(with_comments({}, {}).enables(kPlain));
}

TEST_CASE("lint_rule: the table is in order and names lead back", "[parser]") {
  CHECK(lint_rules().size() == 22);
  for (const LintRuleInfo& info : lint_rules()) {
    CHECK(lint_rule_info(info.rule).name == info.name);
    CHECK(find_lint_rule(info.name) == info.rule);
    CHECK_FALSE(info.description.empty());
  }
  CHECK_FALSE(find_lint_rule("NoSuchRule"));
}
