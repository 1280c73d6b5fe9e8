#include "builder/sbom/npm_scanner.h"

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace ibuild::builder {

namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kMaxBytes = 8 << 20;
// Real ones are five deep or so. Deeper ones are passed over: taking them apart would take as deep
// a stack.
constexpr int kMaxDepth = 64;

bool wants(std::string_view path, const layers::LayerEntry&) {
  constexpr std::string_view kFile = "/package.json";
  if (!path.ends_with(kFile)) return false;
  path.remove_suffix(kFile.size());
  // "…/node_modules/NAME" or "…/node_modules/@SCOPE/NAME"
  auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return false;
  path = path.substr(0, slash);
  slash = path.rfind('/');
  const auto folder = path.substr(slash == std::string_view::npos ? 0 : slash + 1);
  if (folder.starts_with('@')) path = path.substr(0, slash == std::string_view::npos ? 0 : slash);
  return path == "node_modules" || path.ends_with("/node_modules");
}

std::string text_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// "MIT", {"type": "MIT"}, or the old list of those.
std::string license_of(const Json& json) {
  const auto one = [](const Json& license) {
    if (license.is_string()) return license.get<std::string>();
    return license.is_object() ? text_of(license, "type") : std::string();
  };
  if (const auto found = json.find("license"); found != json.end()) return one(*found);
  const auto list = json.find("licenses");
  if (list == json.end() || !list->is_array()) return {};
  std::vector<std::string> names;
  for (const auto& license : *list) {
    if (auto name = one(license); !name.empty()) names.push_back(std::move(name));
  }
  return names.size() > 1 ? "(" + base::join(names, " OR ") + ")" : base::join(names, "");
}

/// "Name <mail> (url)", or an object.
std::string author_of(const Json& json) {
  const auto author = json.find("author");
  if (author == json.end()) return {};
  if (author->is_string()) {
    const auto text = author->get<std::string>();
    return std::string(base::trim(text.substr(0, text.find('('))));
  }
  if (!author->is_object()) return {};
  const auto mail = text_of(*author, "email");
  return text_of(*author, "name") + (mail.empty() ? "" : " <" + mail + ">");
}

void scan(const ScannedFile& file, PackageList& list) {
  bool too_deep = false;
  const auto watch = [&](int depth, Json::parse_event_t, Json&) {
    too_deep = too_deep || depth > kMaxDepth;
    return depth <= kMaxDepth;
  };
  const auto json = Json::parse(file.read(kMaxBytes), watch, /*allow_exceptions=*/false);
  if (too_deep || !json.is_object()) return;
  const auto name = text_of(json, "name");
  if (name.empty()) return;
  const auto slash = name.starts_with('@') ? name.find('/') : std::string::npos;
  Package package;
  package.url = {.type = "npm",
                 .name_space = slash == std::string::npos ? "" : name.substr(0, slash),
                 .name = slash == std::string::npos ? name : name.substr(slash + 1),
                 .version = text_of(json, "version")};
  package.license = license_of(json);
  package.supplier = author_of(json);
  package.homepage = text_of(json, "homepage");
  list.add(std::move(package));
}

}  // namespace

const PackageScanner kNpmScanner{"npm", wants, scan};

}  // namespace ibuild::builder
