#include "builder/source_date_epoch.h"

#include <array>
#include <string>
#include <utility>
#include <variant>

#include "base/error.h"
#include "base/text.h"
#include "builder/context/context_archive.h"
#include "builder/git/git_source.h"
#include "builder/plan/located.h"
#include "builder/plan/remote_source.h"
#include "builder/remote_files.h"
#include "parser/diagnostic.h"
#include "parser/expansion.h"

namespace ibuild::builder {
namespace {

constexpr std::string_view kName = "SOURCE_DATE_EPOCH";

/// The one ADD of a stage that stands for a time.
struct StageSource {
  std::string path;
  std::string checksum;
};

/// Reads a stage that is nothing but `FROM scratch`, ARG, and one ADD from elsewhere.
class StageReader {
 public:
  StageReader(const parser::Stage& stage, const EpochSetting& setting)
      : stage_(stage), setting_(setting) {
    for (const auto& name : setting.args.names()) {
      if (name != kName) scope_.set(name, setting.args.value(name).value_or(""));
    }
  }

  StageSource read() {
    if (expand(stage_.from.image, stage_.range) != "scratch") fail("must be FROM scratch");
    std::optional<StageSource> source;
    for (const auto& instruction : stage_.instructions) {
      if (const auto* arg = std::get_if<parser::Arg>(&instruction.body)) {
        declare(*arg, instruction.range);
        continue;
      }
      const auto* add = std::get_if<parser::Add>(&instruction.body);
      if (add == nullptr)
        fail("does not meet source-only requirements: only ARG and one ADD may stand there");
      const auto& sources = add->sources;
      if (source || sources.paths.size() != 1 || !sources.inline_files.empty())
        fail("must contain exactly one remote ADD source");
      source = {expand(sources.paths[0], instruction.range),
                expand(add->checksum, instruction.range)};
    }
    if (!source) fail("must contain exactly one remote ADD");
    return *std::move(source);
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw parser::DockerfileError("bad-epoch-stage", stage_.range,
                                  "the SOURCE_DATE_EPOCH stage " + what);
  }

 private:
  std::string expand(const std::string& text, const parser::SourceRange& range) const {
    const parser::Expander expander(setting_.stages.escape,
                                    [this](std::string_view name) { return scope_.get(name); });
    return located(range, [&] { return expander.expand_word(text).text; });
  }
  void declare(const parser::Arg& arg, const parser::SourceRange& range) {
    for (const auto& definition : arg.definitions) {
      if (const auto given = setting_.args.given(definition.name)) {
        scope_.set(definition.name, *given);
      } else if (definition.default_value) {
        scope_.set(definition.name, expand(*definition.default_value, range));
      }
    }
  }

  const parser::Stage& stage_;
  const EpochSetting& setting_;
  EnvList scope_;
};

class EpochResolver {
 public:
  EpochResolver(const EpochSetting& setting, std::stop_token stop)
      : setting_(setting), stop_(std::move(stop)) {}

  /// Requires: `text` is neither empty nor a number.
  std::optional<base::TimePoint> time_of(const std::string& text) const {
    const auto& request = setting_.request;
    if (text == "context") return request.context_time;
    if (const auto key = request.contexts.find(text, setting_.platform))
      return time_of_context(request.contexts.at(*key));
    for (const auto& stage : setting_.stages.stages) {
      if (base::iequals(stage.name(), text)) return time_of_stage(stage);
    }
    throw base::UsageError("invalid SOURCE_DATE_EPOCH: " + base::printable(text) +
                           ": it must be a whole number of seconds, `context`, or the name of a "
                           "build context or stage");
  }

 private:
  /// Files of this machine, and images, have no time that is the same for everybody.
  std::optional<base::TimePoint> time_of_context(const ContextSpec& spec) const {
    if (const auto* git = std::get_if<GitContext>(&spec)) return time_of_git(git->reference);
    if (const auto* url = std::get_if<UrlContext>(&spec)) return time_of_url({.url = url->url});
    return std::nullopt;
  }

  std::optional<base::TimePoint> time_of_stage(const parser::Stage& stage) const {
    StageReader reader(stage, setting_);
    const auto source = reader.read();
    switch (located(stage.range, [&] { return remote_source_kind(source.path); })) {
      case RemoteKind::none:
        reader.fail("must add from a URL or a git repository");
      case RemoteKind::git: {
        auto reference = *parser::parse_git_reference(source.path);
        if (!source.checksum.empty()) reference.checksum = source.checksum;
        return time_of_git(std::move(reference));
      }
      case RemoteKind::http:
        break;
    }
    RemoteFileRequest request{.url = source.path};
    if (!source.checksum.empty()) {
      request.checksum = base::Digest::try_parse(source.checksum);
      if (!request.checksum) reader.fail("has an invalid checksum");
    }
    return time_of_url(request);
  }

  std::optional<base::TimePoint> time_of_git(parser::GitReference reference) const {
    auto* git = setting_.services.git;
    if (git == nullptr) throw base::Error("git repositories cannot be had here");
    const auto commit = git->resolve(reference, stop_);
    reference.submodules = false;
    return git->check_out(reference, commit, stop_).commit_time();
  }

  std::optional<base::TimePoint> time_of_url(const RemoteFileRequest& request) const {
    auto* files = setting_.services.files;
    if (files == nullptr) throw base::Error("files by URL cannot be had here");
    const auto file = files->fetch(request, stop_);
    if (file.last_modified) return file.last_modified;
    base::FdRangeSource body(file.body.get(), 0, file.size_bytes);
    return newest_file_time(body, stop_);
  }

  const EpochSetting& setting_;
  const std::stop_token stop_;
};

}  // namespace

std::optional<std::chrono::sys_seconds> resolve_source_date_epoch(const EpochSetting& setting,
                                                                  std::stop_token stop) {
  const auto given = setting.args.given(kName);
  const std::string text = given ? *given : setting.args.value(kName).value_or("");
  if (text.empty()) return std::nullopt;
  if (const auto seconds = base::parse_i64(text); seconds && *seconds >= 0) {
    if (*seconds > kLatestEpoch)
      throw base::UsageError("invalid SOURCE_DATE_EPOCH: " + text + ": times end in 2262");
    return std::chrono::sys_seconds(std::chrono::seconds(*seconds));
  }
  const auto time = EpochResolver(setting, std::move(stop)).time_of(text);
  if (!time) return std::nullopt;
  return std::chrono::floor<std::chrono::seconds>(*time);
}

}  // namespace ibuild::builder
