#include "cli/options_attest.h"

#include <cstdlib>
#include <map>
#include <optional>

#include "base/error.h"
#include "base/go_values.h"
#include "base/text.h"
#include "cli/csv.h"
#include "cli/version.h"

namespace ibuild::cli {

namespace {

using Parameters = std::map<std::string, std::string>;

/// What is asked for, by type; no parameters: switched off.
using Wishes = std::map<std::string, std::optional<Parameters>>;

bool take_disabled(Parameters& parameters, const std::string& option) {
  const auto disabled = parameters.extract("disabled");
  if (disabled.empty()) return false;
  const auto value = base::parse_go_bool(disabled.mapped());
  if (!value) {
    throw base::UsageError(option + ": disabled takes true or false, not " +
                           base::printable(disabled.mapped()));
  }
  return *value;
}

void wish(Wishes& wishes, const std::string& type, Parameters parameters,
          const std::string& option) {
  const bool disabled = take_disabled(parameters, option);
  wishes[type] = disabled ? std::nullopt : std::optional(std::move(parameters));
}

void check_type(const std::string& type, const std::string& option) {
  if (type == "provenance" || type == "sbom") return;
  throw base::UsageError(option + base::printable(type) +
                         " is not known: the types are provenance and sbom");
}

void take_attest(Wishes& wishes, const std::string& text) {
  auto parameters = parse_attributes(text);
  const auto type = parameters.extract("type");
  if (type.empty()) {
    base::UsageError error("--attest " + base::printable(text) + " has no type=");
    error.set_hint("the types are provenance and sbom");
    throw error;
  }
  check_type(type.mapped(), "--attest type=");
  wish(wishes, type.mapped(), std::move(parameters), "--attest");
}

/// "true", "false", or parameters.
void take_short(Wishes& wishes, const std::string& type, const std::string& text) {
  if (text.empty()) return;
  if (const auto value = base::parse_go_bool(text)) {
    wishes[type] = *value ? std::optional(Parameters()) : std::nullopt;
  } else if (text.find('=') == std::string::npos) {
    base::UsageError error("--" + type + "=" + base::printable(text) +
                           " is neither true nor false nor key=value");
    if (type == "sbom")
      error.set_hint("--sbom=true has the packages of the image's databases, as SPDX");
    throw error;
  } else {
    try {
      wish(wishes, type, parse_attributes(text), "--" + type);
    } catch (base::UsageError& error) {
      if (!std::string_view(error.what()).starts_with("--")) error.add_context("--" + type);
      throw;
    }
  }
}

/// BuildKit's other way to ask: the build argument's mere presence, or its parameters.
void take_build_arg(Wishes& wishes, const std::string& name,
                    const std::optional<std::string>& value) {
  constexpr std::string_view kPrefix = "BUILDKIT_ATTEST_";
  if (!name.starts_with(kPrefix)) return;
  const std::string type = base::to_lower(name.substr(kPrefix.size()));
  check_type(type, "--build-arg " + std::string(kPrefix));
  const std::string parameters = value.value_or("");
  take_short(wishes, type, parameters.empty() ? "true" : parameters);
}

void check_sbom_parameters(const Parameters& parameters) {
  if (parameters.empty()) return;
  base::UsageError error("--attest type=sbom: parameter " +
                         base::printable(parameters.begin()->first) + " is not supported");
  error.set_hint("ibuild reads the image's package databases itself and runs no generator");
  throw error;
}

/// As buildx reads BUILDX_METADATA_PROVENANCE.
std::optional<builder::ProvenanceSettings> reported_provenance() {
  const char* value = std::getenv("BUILDX_METADATA_PROVENANCE");
  const std::string text = value == nullptr ? "" : value;
  using Settings = builder::ProvenanceSettings;
  if (text == "disabled" || base::parse_go_bool(text) == false) return std::nullopt;
  Settings settings;
  settings.mode = text == "max" ? Settings::Mode::max : Settings::Mode::min;
  settings.version = Settings::Version::v0_2;
  return settings;
}

}  // namespace

void AttestOptions::add_to(OptionParser& parser) {
  parser.list("--attest", "type=KIND[,…]", attests,
              "Say of the image how it was made (type=provenance) or what is in it (type=sbom)");
  parser.value("--provenance", "true|false|mode=min|max[,…]", provenance,
               "Short for --attest type=provenance (default: false)");
  parser.value("--sbom", "true|false", sbom, "Short for --attest type=sbom (default: false)");
}

builder::AttestationSettings AttestOptions::settings(const Surroundings& around) const {
  Wishes wishes;
  for (const auto& [name, value] : around.build_args) take_build_arg(wishes, name, value);
  for (const auto& text : attests) take_attest(wishes, text);
  take_short(wishes, "provenance", provenance);
  take_short(wishes, "sbom", sbom);

  builder::AttestationSettings settings;
  settings.tool = "ibuild-" + std::string(kVersion);
  if (const auto& wanted = wishes["provenance"])
    settings.provenance = builder::read_provenance_settings(*wanted);
  if (const auto& wanted = wishes["sbom"]) {
    check_sbom_parameters(*wanted);
    settings.sbom = true;
  }
  if (!around.metadata_file.empty()) settings.reported = reported_provenance();
  return settings;
}

}  // namespace ibuild::cli
