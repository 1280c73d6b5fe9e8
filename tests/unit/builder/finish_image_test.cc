#include "builder/finish_image.h"

#include <catch2/catch.hpp>

using namespace ibuild;
using builder::BuildPlan;
using builder::StepResult;

namespace {

base::TimePoint at(int second) { return base::TimePoint(std::chrono::seconds(second)); }

layers::Layer layer(const std::string& name) {
  return {base::sha256_of(name), std::nullopt, nullptr};
}

/// A base of `base_layers` with history entries for `described` of them, then ENV, COPY (a layer at
/// 100), WORKDIR (none), LABEL.
struct Sample {
  BuildPlan plan;
  builder::PlannedImage image;
  std::vector<StepResult> results;

  Sample(int base_layers, int described) {
    builder::Step base;
    builder::BaseOp op;
    StepResult base_result;
    for (int i = 0; i < base_layers; ++i)
      base_result.chain = base_result.chain.with(layer("base" + std::to_string(i)));
    base.op = op;
    plan.steps.push_back(base);
    results.push_back(base_result);
    for (int i = 0; i < described; ++i) {
      image.history.push_back(
          {{"1970-01-01T00:00:05Z", "base", "", "", false}, std::nullopt, true});
    }
    add("ENV", std::nullopt);
    add_step("COPY");
    add_step("WORKDIR");
    add("LABEL", std::nullopt);
  }

  void add(const std::string& text, std::optional<builder::StepId> step) {
    image.history.push_back({{"", text, "", "c", !step}, step, false});
  }
  void add_step(const std::string& text) {
    builder::Step step;
    step.id = plan.steps.size();
    step.parent = step.id - 1;
    step.op = builder::CopyOp{};
    plan.steps.push_back(step);
    StepResult result = results.back();
    result.created = at(100);
    result.chain = result.chain.with(layer(text));
    results.push_back(result);
    image.tip = step.id;
    add(text, step.id);
  }
  image::ImageConfig finish(const base::Clock& clock = {}) const {
    return builder::finish_image(image, plan, results, clock).config;
  }
};

std::size_t layers_in(const std::vector<image::HistoryEntry>& history) {
  std::size_t count = 0;
  for (const auto& entry : history) count += entry.empty_layer ? 0 : 1;
  return count;
}

}  // namespace

TEST_CASE("finish_image: history counts the layers, and what is no step says that it has none",
          "[builder]") {
  const auto config = Sample(1, 1).finish();
  CHECK(config.diff_ids.size() == 3);
  REQUIRE(config.history.size() == 5);
  CHECK(layers_in(config.history) == 3);
  CHECK(config.history[1].empty_layer);
  CHECK(config.history[2].created_by == "COPY");
  CHECK_FALSE(config.history[2].empty_layer);
  CHECK_FALSE(config.history[3].empty_layer);
  CHECK(config.history[4].empty_layer);
}

TEST_CASE("finish_image: times are those of the layers, also for what stands around them",
          "[builder]") {
  const auto config = Sample(1, 1).finish();
  const std::string then = "1970-01-01T00:01:40Z";
  CHECK(config.history[0].created == "1970-01-01T00:00:05Z");
  CHECK(config.history[1].created == then);
  CHECK(config.history[4].created == then);
  CHECK(config.created == then);
}

TEST_CASE("finish_image: a fixed clock gives every new entry its time and leaves the base's",
          "[builder]") {
  const auto config =
      Sample(1, 1).finish(base::Clock(std::chrono::sys_seconds(std::chrono::seconds(50))));
  CHECK(config.history[0].created == "1970-01-01T00:00:05Z");
  CHECK(config.history[2].created == "1970-01-01T00:00:50Z");
  CHECK(config.created == "1970-01-01T00:00:50Z");
}

TEST_CASE("finish_image: a base with too little or too much history is put right", "[builder]") {
  for (const auto& [layers, described] : {std::pair{3, 1}, std::pair{3, 0}, std::pair{1, 4}}) {
    const auto config = Sample(layers, described).finish();
    CHECK(layers_in(config.history) == config.diff_ids.size());
  }
}

TEST_CASE("finish_image: without any layer there is no time", "[builder]") {
  builder::PlannedImage image;
  image.history.push_back({{"", "LABEL", "", "", true}, std::nullopt, false});
  const auto config = builder::finish_image(image, {}, {}, {}).config;
  CHECK(config.created.empty());
  CHECK(config.history.at(0).created.empty());
}
