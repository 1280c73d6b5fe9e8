// Builds every case of testdata/dockerfiles/ with fakes: no network, no root, no process.
// SOURCE_DATE_EPOCH is set, so that digests are the same everywhere.
#include <catch2/catch.hpp>

#include <fmt/format.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "builder/attest/attestation_settings.h"
#include "builder/ops/copy_selection.h"
#include "builder/plan/base_table.h"
#include "builder/plan/plan_build.h"
#include "builder/plan/platform_target.h"
#include "builder/vertex_numbers.h"
#include "cli/csv.h"
#include "image/manifest.h"
#include "parser/diagnostic.h"
#include "parser/dockerfile.h"
#include "tests/golden/golden_case.h"
#include "tests/support/builder/fakes.h"

using namespace ibuild;
using ibuild::test::BuildFixture;
using ibuild::test::GoldenCase;

namespace {

void apply_option(builder::BuildRequest& request, std::string_view line) {
  const auto space = line.find(' ');
  const std::string name(line.substr(0, space));
  const std::string value(space == std::string_view::npos ? "" : line.substr(space + 1));
  const auto equals = value.find('=');
  if (name == "build-arg") {
    request.build_args[value.substr(0, equals)] = value.substr(equals + 1);
  } else if (name == "label") {
    request.labels.emplace_back(value.substr(0, equals), value.substr(equals + 1));
  } else if (name == "target") {
    request.target = value;
  } else if (name == "platform") {
    request.platforms.clear();
    for (const auto part : base::split(value, ','))
      request.platforms.push_back(image::parse_platform(part));
  } else if (name == "network") {
    request.network = value;
  } else if (name == "add-host") {
    request.add_hosts.push_back(value);
  } else if (name == "build-context") {
    request.contexts.add(value.substr(0, equals),
                         builder::parse_named_context(value.substr(equals + 1)));
  } else if (name == "provenance") {
    request.attestations.provenance =
        builder::read_provenance_settings(cli::parse_attributes(value));
    request.attestations.tool = "ibuild-golden";
  } else if (name == "no-cache") {
    request.no_cache = true;
  } else {
    FAIL("unknown option in args: " << line);
  }
}

/// Copies files with modes that no umask of a checkout has touched.
void import_files(const GoldenCase& golden, const base::RelPath& source, const base::RelPath& path,
                  BuildFixture& f) {
  for (const auto& entry : base::list_dir(golden.dir, source)) {
    const auto from = source.join(entry.name);
    const auto to = path.join(entry.name);
    const auto status = base::lstat_at(golden.dir, from);
    if (S_ISDIR(status.st_mode)) {
      base::make_dirs(f.context(), to);
      import_files(golden, from, to, f);
    } else if (S_ISLNK(status.st_mode)) {
      f.link(to.str(), base::read_link_at(golden.dir, from));
    } else {
      f.write(to.str(), base::read_file_at(golden.dir, from, 1 << 20),
              (status.st_mode & 0100) != 0 ? 0755 : 0644);
    }
  }
}

/// The build context is context/; the folders of contexts/ are named ones.
void import_contexts(const GoldenCase& golden, BuildFixture& f) {
  const std::string scratch = f.context().shown_as();
  for (const char* folder : {"context", "contexts"}) {
    const auto path = base::RelPath::exact(folder);
    base::make_dirs(f.context(), path);
    if (golden.has(folder)) import_files(golden, path, path, f);
  }
  f.request.context_dir = scratch + "/context";
  f.request.ignore_file = golden.read("context/.dockerignore");
  for (const auto& entry : base::list_dir(f.context(), base::RelPath::exact("contexts"))) {
    f.request.contexts.add(entry.name,
                           builder::parse_named_context(scratch + "/contexts/" + entry.name));
  }
}

void load_web(const GoldenCase& golden, BuildFixture& f) {
  if (!golden.has("web")) return;
  const auto web = base::RelPath::exact("web");
  for (const auto& entry : base::list_dir(golden.dir, web)) {
    f.files.files["http://web.test/" + entry.name] = {
        base::read_file_at(golden.dir, web.join(entry.name), 1 << 20),
        base::parse_rfc3339("2020-01-02T03:04:05Z")};
  }
}

void load_request(const GoldenCase& golden, BuildFixture& f) {
  f.request.dockerfile = golden.read("Dockerfile").value();
  f.request.platforms = {image::parse_platform("linux/amd64")};
  import_contexts(golden, f);
  load_web(golden, f);
  const std::string options = golden.read("args").value_or("");
  for (const auto line : base::split(options, '\n')) {
    const auto text = base::trim(line);
    if (!text.empty() && text[0] != '#') apply_option(f.request, text);
  }
}

std::vector<std::string> strings(const nlohmann::json& json, const char* key) {
  return json.contains(key) ? json.at(key).get<std::vector<std::string>>()
                            : std::vector<std::string>{};
}

/// {"bin/app*": "content"}: as ls -F writes it, a star at the end makes a file executable.
std::vector<test::FakeFile> files_of(const nlohmann::json& json) {
  std::vector<test::FakeFile> files;
  for (const auto& [path, content] : json.items()) {
    const bool executable = path.ends_with('*');
    files.push_back({executable ? path.substr(0, path.size() - 1) : path, content,
                     static_cast<std::uint32_t>(executable ? 0755 : 0644)});
  }
  return files;
}

/// steps.json: what the step leaves whose command has these words in it.
void load_steps(const GoldenCase& golden, BuildFixture& f) {
  f.sandbox.leave_traces();
  const auto steps = nlohmann::json::parse(golden.read("steps.json").value_or("{}"));
  for (const auto& [part, files] : steps.items()) f.sandbox.leave_files(part, files_of(files));
}

/// The bases of a case: "base", and those of images.json.
void load_images(const GoldenCase& golden, BuildFixture& f) {
  const std::vector<test::FakeFile> files = {
      {"bin/sh", "a shell", 0755},
      {"etc/passwd", "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001:App:/home/app:/bin/sh\n"},
      {"etc/group", "root:x:0:\nstaff:x:50:app\napp:x:1001:\n"},
      {"tmp/.keep", ""}};
  auto& base = f.images.add("base", files);
  base.config.platform = image::parse_platform("linux/amd64");
  const auto images = nlohmann::json::parse(golden.read("images.json").value_or("{}"));
  for (const auto& [name, json] : images.items()) {
    for (const auto& platform : strings(json, "platforms"))
      f.images.add_for(image::parse_platform(platform), name, files);
    if (json.contains("platforms")) continue;
    auto own = files;
    for (auto& file : files_of(json.value("files", nlohmann::json::object())))
      own.push_back(std::move(file));
    auto& image = f.images.add(name, own);
    image.config.platform = image::parse_platform("linux/amd64");
    auto& config = image.config.config;
    config.env = strings(json, "env");
    config.on_build = strings(json, "on_build");
    config.shell = strings(json, "shell");
    if (json.contains("cmd")) config.cmd = strings(json, "cmd");
    if (json.contains("entrypoint")) config.entrypoint = strings(json, "entrypoint");
    config.user = json.value("user", "");
    config.working_dir = json.value("working_dir", "");
    const auto labels = json.value("labels", nlohmann::json::object());
    for (const auto& [key, value] : labels.items()) config.labels[key] = value;
  }
}

std::string plan_text(const GoldenCase& golden, BuildFixture& f) {
  parser::Diagnostics diagnostics;
  const auto dockerfile = parser::parse_dockerfile(f.request.dockerfile, diagnostics);
  const auto stages = parser::build_stages(dockerfile, diagnostics);
  auto targets = builder::make_targets(stages, f.request, f.request.build_args);
  builder::VertexNumbers vertices;
  builder::BaseTable bases;
  builder::resolve_all_bases(targets, f.request, f.services(), vertices, {}, bases);
  INFO(golden.name);
  return describe(builder::plan_build(targets, bases, f.request, stages.escape));
}

std::string layers_text(const BuildFixture& f, const image::ImageConfig& config) {
  std::string text;
  for (const auto& diff_id : config.diff_ids) {
    text += "layer\n";
    const layers::Layer layer{diff_id, std::nullopt, nullptr};
    for (const auto& entry : f.store->layers().index(layer)->entries()) {
      builder::SourceFile file;
      file.entry = entry;
      if (file.is_file()) file.entry.content = f.store->layers().file_digest(layer, entry);
      std::string facts = builder::fingerprint(file);
      if (const auto digest = facts.find("sha256:"); digest != std::string::npos)
        facts.resize(digest + 7 + 12);
      text += fmt::format("  /{} {}", base::printable(entry.path.str()), facts);
      if (entry.type == layers::EntryType::hardlink)
        text += " " + base::printable(entry.link_target);
      text += "\n";
    }
  }
  return text;
}

/// What is said of the only image, whatever machine says it and however layers are compressed.
std::string statement_text(const BuildFixture& f, const builder::BuildResult& result) {
  const auto read = [&](const base::Digest& digest) { return f.store->content().read(digest); };
  const auto index = image::parse_index(read(result.image.digest));
  const auto manifest = image::parse_manifest(read(index.manifests.back().digest));
  auto statement = nlohmann::ordered_json::parse(read(manifest.layers.front().digest));
  auto& definition = statement["predicate"]["buildDefinition"];
  definition["internalParameters"]["builderPlatform"] = "HOST";
  // It changes with the compressor; unit tests see to it.
  statement["subject"][0]["digest"]["sha256"] = "IMAGE";
  return statement.dump(2) + "\n";
}

std::string warnings_text(const BuildFixture& f) {
  std::string text;
  for (const auto& warning : f.events.warnings()) text += "warning: " + warning + "\n";
  return text;
}

std::string error_text(const base::Error& fault) {
  return std::string("error: ") + fault.what() + "\n" +
         (fault.hint().empty() ? "" : "hint: " + fault.hint() + "\n");
}

void build_and_check(const GoldenCase& golden, BuildFixture& f) {
  std::string error;
  try {
    const auto result = f.build(f.request.dockerfile);
    if (golden.has("expect.statement")) {
      golden.check("expect.statement", statement_text(f, result));
      return;
    }
    const auto config = f.config(result);
    golden.check("expect.config.json",
                 nlohmann::json::parse(image::to_json(config)).dump(2) + "\n");
    golden.check("expect.layers", layers_text(f, config));
    golden.check("expect.digest", result.image.digest.str() + "\n");
  } catch (const parser::DockerfileError& fault) {
    error = error_text(fault) +
            parser::render_excerpt("Dockerfile", f.request.dockerfile, fault.range());
  } catch (const base::Error& fault) {
    error = error_text(fault);
  }
  if (!golden.has("expect.stderr")) {
    INFO(golden.name);
    CHECK(error == "");
  }
  golden.check("expect.stderr", warnings_text(f) + error);
}

}  // namespace

TEST_CASE("golden: plans, configurations, layers and digests of testdata/dockerfiles", "[golden]") {
  for (const auto& golden : GoldenCase::all()) {
    const bool wants_plan = golden.has("expect.plan");
    const bool wants_build = golden.has("expect.config.json") || golden.has("expect.layers") ||
                             golden.has("expect.digest") || golden.has("expect.stderr") ||
                             golden.has("expect.statement");
    if (!wants_plan && !wants_build) continue;
    INFO(golden.name);
    BuildFixture f;
    load_request(golden, f);
    load_images(golden, f);
    load_steps(golden, f);
    if (wants_plan) golden.check("expect.plan", plan_text(golden, f));
    if (wants_build) build_and_check(golden, f);
  }
}
