#include "cli/commands/cache_listing.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <regex>

#include "base/error.h"
#include "base/text.h"
#include "cli/options_cache.h"
#include "cli/table.h"

namespace ibuild::cli {

namespace {

using builder::CacheItem;
using Condition = std::function<bool(const CacheItem&)>;

constexpr std::array<CacheItem::Kind, 5> kKinds = {CacheItem::Kind::step, CacheItem::Kind::mount,
                                                   CacheItem::Kind::file, CacheItem::Kind::checkout,
                                                   CacheItem::Kind::blob};
/// What BuildKit keeps besides: there is nothing of these types here.
constexpr std::array<std::string_view, 3> kOtherTypes = {"source.local", "internal", "frontend"};
/// Longer expressions are a mistake, and std::regex needs stack for them.
constexpr std::size_t kMaxExpression = 1000;

/// "key", "key=value", "key==value", "key!=value", "key~=value", as it was written.
struct FilterText {
  std::string whole;
  std::string key;
  std::string op;  // empty: no value
  std::string value;

  explicit FilterText(const std::string& text) : whole(text) {
    const auto equals = text.find('=');
    key = text.substr(0, equals);
    if (equals == std::string::npos) return;
    op = "=";
    value = text.substr(equals + 1);
    if (!key.empty() && (key.back() == '!' || key.back() == '~')) {
      op = key.back() + op;
      key.pop_back();
    } else if (value.starts_with("=")) {
      op = "==";
      value.erase(0, 1);
    }
  }
};

[[noreturn]] void refuse(const FilterText& filter, const std::string& why,
                         const std::string& hint) {
  base::UsageError error("--filter " + base::printable(filter.whole) + " " + why);
  error.set_hint(hint);
  throw error;
}

void check_type(const FilterText& filter) {
  std::vector<std::string> known;
  for (const auto kind : kKinds) known.push_back(builder::kind_name(kind));
  if (filter.op == "~=" || std::ranges::find(known, filter.value) != known.end()) return;
  if (std::ranges::find(kOtherTypes, filter.value) != kOtherTypes.end()) return;
  refuse(filter, "is not known", "the types are " + base::join(known, ", "));
}

Condition text_condition(const FilterText& filter,
                         std::function<std::string(const CacheItem&)> text) {
  const auto& value = filter.value;
  if (filter.op == "!=") return [=](const CacheItem& item) { return text(item) != value; };
  if (filter.op == "~=") {
    if (value.size() > kMaxExpression) refuse(filter, "is too long", "use a shorter expression");
    try {
      const std::regex expression(value);
      return [=](const CacheItem& item) { return std::regex_search(text(item), expression); };
    } catch (const std::regex_error&) {
      refuse(filter, "is no regular expression", "~= takes one as ECMAScript has them");
    }
  }
  return [=](const CacheItem& item) { return text(item) == value; };
}

Condition id_condition(const FilterText& filter) {
  if (filter.op != "=")
    return text_condition(filter, [](const CacheItem& item) { return item.id; });
  return [value = filter.value](const CacheItem& item) {
    return item.id.find(value) != std::string::npos;
  };
}

using Property = bool (*)(const CacheItem&);
/// inuse, shared …; null for another key.
Property property_of(std::string_view key) {
  if (key == "inuse" || key == "shared") return [](const CacheItem& item) { return item.in_image; };
  if (key == "private") return [](const CacheItem& item) { return !item.in_image; };
  if (key == "mutable")
    return [](const CacheItem& item) { return item.kind == CacheItem::Kind::mount; };
  if (key == "immutable")
    return [](const CacheItem& item) { return item.kind != CacheItem::Kind::mount; };
  return nullptr;
}

Condition property_condition(const FilterText& filter, Property property) {
  const bool is_plain = filter.op.empty() || filter.op == "=" || filter.op == "==";
  const bool is_true = filter.op.empty() || filter.value == "true" || filter.value == "1";
  if (!is_plain || (!is_true && filter.value != "false" && filter.value != "0"))
    refuse(filter, "is not understood", "write " + filter.key + " or " + filter.key + "=false");
  return [=](const CacheItem& item) { return property(item) == is_true; };
}

Condition condition_of(const FilterText& filter, base::TimePoint now) {
  if (const auto property = property_of(filter.key)) return property_condition(filter, property);
  if (filter.key == "type" && !filter.op.empty()) {
    check_type(filter);
    return text_condition(filter,
                          [](const CacheItem& item) { return builder::kind_name(item.kind); });
  }
  if (filter.key == "id" && !filter.op.empty()) return id_condition(filter);
  if (filter.key == "description" && !filter.op.empty())
    return text_condition(filter, [](const CacheItem& item) { return item.description; });
  if ((filter.key == "until" || filter.key == "unused-for") && filter.op == "=") {
    const auto before = now - parse_age("--filter " + filter.key + "=", filter.value);
    return [=](const CacheItem& item) { return item.last_used <= before; };
  }
  refuse(filter, "is not known",
         "filters are type=, id=, description~=, until=, inuse, shared, private, mutable and "
         "immutable");
}

}  // namespace

CacheFilter::CacheFilter(const std::vector<std::string>& filters, base::TimePoint now) {
  for (const auto& text : filters) {
    for (const auto part : base::split(text, ','))
      conditions_.push_back(condition_of(FilterText(std::string(part)), now));
  }
}

bool CacheFilter::fits(const CacheItem& item) const {
  return std::ranges::all_of(conditions_,
                             [&](const Condition& condition) { return condition(item); });
}

std::string cache_table(const std::vector<CacheItem>& items, Detail detail) {
  std::vector<std::string> header = {"ID", "RECLAIMABLE", "SIZE", "LAST ACCESSED"};
  if (detail == Detail::verbose) header.insert(header.end(), {"TYPE", "DESCRIPTION"});
  Table table(header);
  std::uint64_t total = 0;
  std::uint64_t shared = 0;
  for (const auto& item : items) {
    std::vector<std::string> row = {item.id, item.in_image ? "false" : "true",
                                    base::human_bytes(item.size_bytes),
                                    time_ago(base::format_rfc3339(item.last_used))};
    if (detail == Detail::verbose)
      row.insert(row.end(), {builder::kind_name(item.kind), item.description});
    table.add(std::move(row));
    total += item.size_bytes;
    if (item.in_image) shared += item.size_bytes;
  }
  return (items.empty() ? "" : table.str()) + "Shared: " + base::human_bytes(shared) +
         "\nReclaimable: " + base::human_bytes(total - shared) +
         "\nTotal: " + base::human_bytes(total) + "\n";
}

std::string cache_json_lines(const std::vector<CacheItem>& items) {
  std::string text;
  for (const auto& item : items) {
    nlohmann::ordered_json line;
    line["ID"] = item.id;
    line["Type"] = builder::kind_name(item.kind);
    line["Mutable"] = item.kind == CacheItem::Kind::mount;
    line["Shared"] = item.in_image;
    line["Description"] = item.description;
    line["Reclaimable"] = !item.in_image;
    line["Size"] = item.size_bytes;
    line["LastUsedAt"] = base::format_rfc3339(item.last_used);
    text += line.dump() + "\n";
  }
  return text;
}

}  // namespace ibuild::cli
