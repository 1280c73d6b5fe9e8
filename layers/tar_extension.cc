// See: POSIX.1-2017 pax, "pax Extended Header".
#include "layers/tar_extension.h"

#include <charconv>

#include "base/error.h"
#include "base/text.h"
#include "layers/tar_format.h"
#include "layers/tar_numbers.h"
#include "layers/xattr_policy.h"

namespace ibuild::layers {

namespace {

constexpr std::string_view kSparseRecordPrefix = "GNU.sparse.";
constexpr std::size_t kMaxXattrs = 1000;
constexpr std::size_t kMaxXattrNameBytes = 255;  // XATTR_NAME_MAX

struct Record {
  std::string_view key;
  std::string_view value;
};

/// Takes "LENGTH KEY=VALUE\n" from the front of `text`.
Record take_record(std::string_view& text) {
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  const auto digits = static_cast<std::size_t>(end - text.data());
  if (error != std::errc() || digits >= text.size() || text[digits] != ' ' ||
      length > text.size() || length < digits + 2 || text[length - 1] != '\n') {
    throw base::ContentError("an extended header has a malformed record");
  }
  const std::string_view record = text.substr(digits + 1, length - digits - 2);
  const auto equals = record.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    throw base::ContentError("an extended header has a record without a key");
  }
  text.remove_prefix(length);
  return {record.substr(0, equals), record.substr(equals + 1)};
}

void set_text(std::string_view value, std::optional<std::string>& field) {
  field.reset();  // an empty value takes a record back
  if (!value.empty()) field = value;
}

void set_number(const Record& record, std::uint64_t max, std::optional<std::uint64_t>& field) {
  field.reset();
  if (record.value.empty()) return;
  field = base::parse_u64(record.value);
  if (!field || *field > max) {
    throw base::ContentError("an extended header's " + std::string(record.key) +
                             " is no valid number");
  }
}

void set_mtime(std::string_view value, std::optional<base::TimePoint>& field) {
  field.reset();
  if (value.empty()) return;
  field = parse_pax_time(value);
  if (!field) throw base::ContentError("an extended header's mtime is no time");
}

void add_xattr(std::string_view name, std::string_view value, std::vector<base::Xattr>& xattrs) {
  if (!is_applied_xattr(name)) return;
  if (value.size() > kMaxXattrBytes || name.size() > kMaxXattrNameBytes ||
      name.find('\0') != std::string_view::npos || xattrs.size() >= kMaxXattrs) {
    throw base::ContentError("an entry has too large or too many extended attributes");
  }
  for (base::Xattr& xattr : xattrs) {
    if (xattr.name == name) {
      xattr.value = value;
      return;
    }
  }
  xattrs.push_back({std::string(name), std::string(value)});
}

void apply(const Record& record, TarExtension& extension) {
  if (record.key == "path") {
    set_text(record.value, extension.path);
  } else if (record.key == "linkpath") {
    set_text(record.value, extension.link_path);
  } else if (record.key == "uid") {
    set_number(record, kMaxTarId, extension.uid);
  } else if (record.key == "gid") {
    set_number(record, kMaxTarId, extension.gid);
  } else if (record.key == "size") {
    set_number(record, kMaxTarFileBytes, extension.size);
  } else if (record.key == "mtime") {
    set_mtime(record.value, extension.mtime);
  } else if (record.key.starts_with(kXattrRecordPrefix)) {
    add_xattr(record.key.substr(kXattrRecordPrefix.size()), record.value, extension.xattrs);
  } else if (record.key.starts_with(kSparseRecordPrefix)) {
    extension.sparse.add(record.key.substr(kSparseRecordPrefix.size()), record.value);
  }
}

}  // namespace

void parse_pax_records(std::string_view text, TarExtension& extension) {
  while (!text.empty()) apply(take_record(text), extension);
}

}  // namespace ibuild::layers
