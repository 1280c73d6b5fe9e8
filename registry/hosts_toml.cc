// The text of a hosts.toml. See: containerd docs/hosts.md; what it leaves open is as in containerd
// core/remotes/docker/config/hosts.go.
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "base/go_values.h"
#include "base/text.h"
#include "registry/hosts_file.h"
#include "registry/http/http_message.h"

namespace ibuild::registry {

namespace {

/// Fields of HTTP/1.1 that [header] cannot change, as in containerd, which sets them anew.
constexpr std::array<std::string_view, 7> kReservedFields = {
    "accept", "connection", "content-length", "content-type", "host", "range", "transfer-encoding"};

std::string at_line(const std::string& path, const toml::source_region& where) {
  return path + ":" + std::to_string(where.begin.line) + ": ";
}

/// Reads one table: a host's, or the top one.
class PlaceReader {
 public:
  PlaceReader(const toml::table& table, const std::string& path, std::vector<std::string>& ignored)
      : table_(table), path_(path), ignored_(ignored) {}

  /// `url`: none for a server that is not named. `also`: keys that are read elsewhere.
  HostPlace read(const std::optional<std::string>& url, const std::vector<std::string_view>& also) {
    HostPlace place;
    place.rules.origin = path_;
    if (url) read_url(*url, place);
    read_capabilities(place.capabilities);
    if (flag("skip_verify")) place.security = Endpoint::Security::not_required;
    place.rules.connection.tls_files = {.ca_files = files("ca"), .client_pairs = client_pairs()};
    place.rules.connection.connect_timeout = dial_timeout();
    read_fields(place.rules.fields);
    tell_unknown_keys(also);
    return place;
  }

  std::string text(std::string_view key) const {
    const toml::node* node = table_.get(key);
    if (node == nullptr) return {};
    if (!node->is_string()) fail(*node, std::string(key) + " is no text");
    return node->as_string()->get();
  }

  [[noreturn]] void fail(const toml::node& node, const std::string& what) const {
    throw base::UsageError(at_line(path_, node.source()) + what);
  }

 private:
  static constexpr std::array<std::string_view, 7> kKeys = {
      "capabilities", "ca", "client", "skip_verify", "header", "override_path", "dial_timeout"};

  bool flag(std::string_view key) const {
    const toml::node* node = table_.get(key);
    if (node == nullptr) return false;
    if (!node->is_boolean()) fail(*node, std::string(key) + " is neither true nor false");
    return node->as_boolean()->get();
  }

  /// "host" alone means https.
  void read_url(const std::string& text, HostPlace& place) const {
    const bool has_scheme = text.starts_with("http://") || text.starts_with("https://");
    const bool other_scheme = !has_scheme && text.find("://") != std::string::npos;
    auto url = other_scheme ? std::nullopt : parse_url(has_scheme ? text : "https://" + text);
    if (!url || !parse_host_port(url->authority()) || url->query) {
      fail(table_, "\"" + base::printable(text.substr(0, 200)) + "\" is no URL of a registry");
    }
    if (!url->userinfo.empty())
      fail(table_, "a URL with a user name: `ibuild login` stores credentials");
    std::string root = std::exchange(url->path, "/");
    while (root.ends_with('/')) root.pop_back();
    if (!flag("override_path") && !root.ends_with("/v2")) root += "/v2";
    place.rules.api_root = std::move(root);
    place.rules.scheme = url->is_https() ? PlaceRules::Scheme::https : PlaceRules::Scheme::http;
    place.url = *std::move(url);
  }

  void read_capabilities(HostCapabilities& capabilities) const {
    const auto words = texts("capabilities");
    if (words.empty()) return;
    capabilities = {.pull = false, .resolve = false, .push = false, .referrers = false};
    for (const std::string& word : words) {
      const std::string known = base::to_lower(word);
      if (known == "pull") {
        capabilities.pull = true;
      } else if (known == "resolve") {
        capabilities.resolve = true;
      } else if (known == "push") {
        capabilities.push = true;
      } else if (known == "referrers") {
        capabilities.referrers = true;
      } else {
        fail(*table_.get("capabilities"), "capability \"" + base::printable(word.substr(0, 100)) +
                                              "\" is none of pull, resolve, push, referrers");
      }
    }
  }

  /// A list of texts; empty when missing.
  std::vector<std::string> texts(std::string_view key) const {
    const toml::node* node = table_.get(key);
    if (node == nullptr) return {};
    if (!node->is_array()) fail(*node, std::string(key) + " is no list");
    std::vector<std::string> result;
    for (const toml::node& element : *node->as_array()) {
      if (!element.is_string()) fail(element, std::string(key) + " holds what is no text");
      result.push_back(element.as_string()->get());
    }
    return result;
  }

  /// A text, or a list of them.
  std::vector<std::string> text_or_texts(std::string_view key) const {
    const toml::node* node = table_.get(key);
    if (node == nullptr) return {};
    return node->is_string() ? std::vector{node->as_string()->get()} : texts(key);
  }

  std::string file_at(const std::string& name) const {
    if (name.starts_with('/')) return name;
    return path_.substr(0, path_.rfind('/') + 1) + name;
  }

  std::vector<std::string> files(std::string_view key) const {
    std::vector<std::string> result;
    for (const std::string& name : text_or_texts(key)) result.push_back(file_at(name));
    return result;
  }

  /// "file", ["file", …] or [["certificate", "key"], …]; without a key the file holds both.
  std::vector<TlsFiles::ClientPair> client_pairs() const {
    const toml::node* node = table_.get("client");
    const bool has_pairs = node != nullptr && node->is_array() &&
                           std::ranges::any_of(*node->as_array(), [](const toml::node& element) {
                             return element.is_array();
                           });
    std::vector<TlsFiles::ClientPair> pairs;
    if (!has_pairs) {
      for (const std::string& file : files("client")) pairs.push_back({file, file});
      return pairs;
    }
    for (const toml::node& element : *node->as_array()) pairs.push_back(client_pair(element));
    return pairs;
  }

  TlsFiles::ClientPair client_pair(const toml::node& node) const {
    if (const auto* file = node.as_string()) return {file_at(file->get()), file_at(file->get())};
    const auto* pair = node.as_array();
    const bool is_pair =
        pair != nullptr && pair->size() == 2 && (*pair)[0].is_string() && (*pair)[1].is_string();
    if (!is_pair) fail(node, "client holds what is neither a file nor a pair of files");
    const std::string certificate = file_at((*pair)[0].as_string()->get());
    const std::string key = (*pair)[1].as_string()->get();
    return {certificate, key.empty() ? certificate : file_at(key)};
  }

  std::optional<std::chrono::milliseconds> dial_timeout() const {
    const std::string value = text("dial_timeout");
    if (value.empty()) return std::nullopt;
    const auto time = base::parse_go_duration(value);
    if (!time || time->count() <= 0)
      fail(*table_.get("dial_timeout"),
           "dial_timeout \"" + base::printable(value.substr(0, 100)) + "\" is no time like 1s");
    return std::chrono::ceil<std::chrono::milliseconds>(*time);
  }

  void read_fields(std::vector<std::pair<std::string, std::string>>& fields) const {
    const toml::node* node = table_.get("header");
    if (node == nullptr) return;
    if (!node->is_table()) fail(*node, "header is no table");
    const PlaceReader header(*node->as_table(), path_, ignored_);
    for (const auto& [key, values] : *node->as_table()) {
      const std::string name(key.str());
      if (!is_field_name(name)) fail(values, "\"" + base::printable(name) + "\" names no field");
      if (std::ranges::find(kReservedFields, base::to_lower(name)) != kReservedFields.end()) {
        ignore(values, "header field " + name + " cannot be changed");
        continue;
      }
      for (const std::string& value : header.text_or_texts(key.str())) {
        if (!is_field_value(value)) fail(values, "header field " + name + " holds control bytes");
        fields.emplace_back(name, value);
      }
    }
  }

  void tell_unknown_keys(const std::vector<std::string_view>& also) const {
    for (const auto& [key, node] : table_) {
      const std::string_view name = key.str();
      if (std::ranges::find(kKeys, name) != kKeys.end()) continue;
      if (std::ranges::find(also, name) != also.end()) continue;
      ignore(node, "\"" + base::printable(name) + "\" is not known here");
    }
  }

  void ignore(const toml::node& node, const std::string& what) const {
    ignored_.push_back(at_line(path_, node.source()) + what + ", and ignored");
  }

  const toml::table& table_;
  const std::string& path_;
  std::vector<std::string>& ignored_;
};

toml::table parse_toml(std::string_view text, const std::string& path) {
  try {
    return toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    throw base::UsageError(at_line(path, error.source()) + std::string(error.description()));
  }
}

/// The hosts with their tables as they stand in the text; a table has them by name.
std::vector<std::pair<std::string, const toml::table*>> hosts_in_order(const toml::table& top,
                                                                       const PlaceReader& reader) {
  std::vector<std::pair<std::string, const toml::table*>> hosts;
  const toml::node* node = top.get("host");
  if (node == nullptr) return hosts;
  if (!node->is_table()) reader.fail(*node, "host is no table");
  for (const auto& [key, value] : *node->as_table()) {
    if (!value.is_table()) {
      reader.fail(value, "host \"" + base::printable(key.str().substr(0, 200)) + "\" is no table");
    }
    hosts.emplace_back(std::string(key.str()), value.as_table());
  }
  std::ranges::stable_sort(hosts, {}, [](const auto& host) {
    const auto& begin = host.second->source().begin;
    return std::tuple(begin.line, begin.column);
  });
  return hosts;
}

}  // namespace

HostsFile HostsFile::parse(std::string_view toml, const std::string& path) {
  const toml::table top = parse_toml(toml, path);
  HostsFile file;
  file.path_ = path;
  PlaceReader server(top, path, file.ignored_);
  for (const auto& [url, table] : hosts_in_order(top, server)) {
    file.places_.push_back(PlaceReader(*table, path, file.ignored_).read(url, {}));
  }
  const std::string name = server.text("server");
  file.places_.push_back(
      server.read(name.empty() ? std::nullopt : std::optional(name), {"server", "host"}));
  return file;
}

}  // namespace ibuild::registry
