#include "builder/attest/attestation_settings.h"

#include "base/error.h"
#include "base/text.h"
#include "builder/export/output_attributes.h"

namespace ibuild::builder {

namespace {

constexpr std::string_view kWhat = "--attest type=provenance";

ProvenanceSettings::Mode read_mode(const std::string& text) {
  if (text == "min") return ProvenanceSettings::Mode::min;
  if (text == "max" || text == "full") return ProvenanceSettings::Mode::max;
  throw base::UsageError(std::string(kWhat) + ": mode takes min or max, not " +
                         base::printable(text));
}

ProvenanceSettings::Version read_version(const std::string& text) {
  if (text == "v1") return ProvenanceSettings::Version::v1;
  if (text == "v0.2") return ProvenanceSettings::Version::v0_2;
  throw base::UsageError(std::string(kWhat) + ": version takes v1 or v0.2, not " +
                         base::printable(text));
}

std::string read_file_name(const std::string& text) {
  if (text.empty() || text == "." || text == ".." || text.find('/') != std::string::npos)
    throw base::UsageError(std::string(kWhat) + ": filename " + base::printable(text) +
                           " is no name of a file");
  return text;
}

}  // namespace

ProvenanceSettings read_provenance_settings(const std::map<std::string, std::string>& parameters) {
  const OutputAttributes attributes(std::string(kWhat), parameters);
  attributes.allow_only(
      {"mode", "version", "builder-id", "reproducible", "inline-only", "filename"});
  ProvenanceSettings settings;
  if (const auto mode = attributes.text("mode")) settings.mode = read_mode(*mode);
  if (const auto version = attributes.text("version")) settings.version = read_version(*version);
  settings.builder_id = attributes.text("builder-id").value_or("");
  settings.reproducible = attributes.flag("reproducible", false);
  settings.inline_only = attributes.flag("inline-only", false);
  if (const auto name = attributes.text("filename")) settings.file_name = read_file_name(*name);
  return settings;
}

}  // namespace ibuild::builder
