#include "builder/sbom/field_stanzas.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace ibuild::builder {

namespace {

constexpr std::size_t kMaxValueBytes = 64 << 10;

/// Takes line by line.
class StanzaReader {
 public:
  explicit StanzaReader(const std::vector<std::string_view>& wanted) : wanted_(wanted) {}

  void take(std::string_view line) {
    if (line.starts_with(' ') || line.starts_with('\t')) {
      if (value_ != nullptr) append("\n" + std::string(base::trim(line)));
      return;
    }
    value_ = nullptr;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return;
    auto name = base::to_lower(line.substr(0, colon));
    if (std::find(wanted_.begin(), wanted_.end(), name) == wanted_.end()) return;
    const auto [place, is_new] = fields_.try_emplace(std::move(name));
    if (!is_new) return;
    value_ = &place->second;
    append(base::trim(line.substr(colon + 1)));
  }
  /// What was read since the last one.
  Fields take_stanza() {
    value_ = nullptr;
    return std::exchange(fields_, {});
  }

 private:
  void append(std::string_view text) {
    value_->append(text.substr(0, kMaxValueBytes - std::min(kMaxValueBytes, value_->size())));
  }

  const std::vector<std::string_view>& wanted_;
  Fields fields_;
  std::string* value_ = nullptr;
};

}  // namespace

const std::string& field(const Fields& fields, std::string_view name) {
  static const std::string nothing;
  const auto found = fields.find(name);
  return found == fields.end() ? nothing : found->second;
}

void for_each_stanza(std::string_view text, const std::vector<std::string_view>& wanted,
                     const std::function<void(const Fields&)>& visit) {
  StanzaReader reader(wanted);
  const auto end_stanza = [&] {
    const auto fields = reader.take_stanza();
    if (!fields.empty()) visit(fields);
  };
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) {
      end_stanza();
    } else {
      reader.take(line);
    }
  }
  end_stanza();
}

Fields first_stanza(std::string_view text, const std::vector<std::string_view>& wanted) {
  const auto end = std::min(text.find("\n\n"), text.find("\n\r\n"));
  Fields first;
  for_each_stanza(text.substr(0, end), wanted, [&](const Fields& fields) {
    if (first.empty()) first = fields;
  });
  return first;
}

}  // namespace ibuild::builder
