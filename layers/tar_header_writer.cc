// See: POSIX.1-2017 pax, "ustar Interchange Format" and "pax Extended Header".
#include "layers/tar_header_writer.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "layers/tar_format.h"

namespace ibuild::layers {

namespace {

using Record = std::pair<std::string, std::string>;

char type_flag(EntryType type) {
  switch (type) {
    case EntryType::hardlink:
      return '1';
    case EntryType::symlink:
      return '2';
    case EntryType::char_device:
      return '3';
    case EntryType::block_device:
      return '4';
    case EntryType::directory:
      return '5';
    case EntryType::fifo:
      return '6';
    case EntryType::file:
    case EntryType::whiteout:
    case EntryType::opaque:
      break;
  }
  return '0';
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0; });
}

/// For the ustar field of a name that stands whole in the extended header: the other bytes dropped.
std::string ascii_part(std::string_view text) {
  std::string part;
  std::copy_if(text.begin(), text.end(), std::back_inserter(part), [](char c) { return c > 0; });
  return part;
}

/// Cut to the field; NUL-terminated only where there is room.
void put_text(std::span<char> field, std::string_view text) {
  const std::size_t size = std::min(text.size(), field.size());
  std::copy_n(text.begin(), size, field.begin());
  // A cut name must not look like that of a directory to readers of the bare ustar header.
  if (text.size() > field.size() && field.back() == '/') {
    std::size_t end = size;
    while (end > 0 && field[end - 1] == '/') --end;
    field[end] = '\0';
  }
}

constexpr bool fits_octal(std::size_t field_size, std::int64_t value) {
  return value >= 0 && value < std::int64_t{1} << ((field_size - 1) * 3);
}

/// Zero-filled octal digits and a NUL; 0 when the value stands in the extended header.
void put_number(std::span<char> field, std::int64_t value) {
  if (!fits_octal(field.size(), value)) value = 0;
  for (std::size_t i = field.size() - 1; i-- > 0; value /= 8) {
    field[i] = static_cast<char>('0' + value % 8);
  }
}

void finish_block(TarHeader& header, std::string& out) {
  std::memcpy(header.magic, "ustar", 6);
  std::memcpy(header.version, "00", 2);
  put_number(std::span(header.checksum).first(7), tar_checksum(header));
  header.checksum[7] = ' ';
  out.append(reinterpret_cast<const char*>(&header), sizeof header);
}

/// "LENGTH KEY=VALUE\n", where LENGTH counts itself.
void append_record(const Record& record, std::string& out) {
  const std::size_t rest = record.first.size() + record.second.size() + 3;
  std::size_t size = rest + std::to_string(rest).size();
  if (std::to_string(size).size() != size - rest) size = rest + std::to_string(size).size();
  out.append(std::to_string(size)).append(" ").append(record.first).append("=");
  out.append(record.second).append("\n");
}

/// "dir/PaxHeaders.0/name", ASCII, at most 100 bytes.
std::string extended_header_name(std::string_view name) {
  const auto slash = name.rfind('/');
  const base::RelPath dir =
      base::RelPath::clean(slash == std::string_view::npos ? "" : name.substr(0, slash));
  const std::string_view file = slash == std::string_view::npos ? name : name.substr(slash + 1);
  std::string text = ascii_part(dir.join("PaxHeaders.0").join(file).str());
  if (text.size() > sizeof TarHeader::name) text.resize(sizeof TarHeader::name);
  while (text.ends_with('/')) text.pop_back();
  return text;
}

void append_extended_header(std::string_view name, std::vector<Record>& records, std::string& out) {
  std::sort(records.begin(), records.end());
  std::string data;
  for (const Record& record : records) append_record(record, data);
  if (data.size() > kMaxExtendedHeaderBytes) {
    throw base::ContentError("\"" + base::printable(name) + "\" has more than " +
                             base::human_bytes(kMaxExtendedHeaderBytes) +
                             " of names and extended attributes, which no layer can hold");
  }
  TarHeader header{};
  header.type = 'x';
  put_text(header.name, extended_header_name(name));
  put_number(header.mode, 0);
  put_number(header.uid, 0);
  put_number(header.gid, 0);
  put_number(header.size, static_cast<std::int64_t>(data.size()));
  put_number(header.mtime, 0);
  finish_block(header, out);
  out += data;
  out.append(tar_padding(data.size()), '\0');
}

struct SplitName {
  std::string_view prefix;
  std::string_view name;
};

/// Splits a long name at a '/' so that both parts fit their fields; an empty name when none does.
SplitName split_ustar_name(std::string_view name) {
  constexpr std::size_t kNameSize = sizeof TarHeader::name;
  constexpr std::size_t kPrefixSize = sizeof TarHeader::prefix;
  std::size_t length = name.size();
  if (length > kPrefixSize + 1) {
    length = kPrefixSize + 1;
  } else if (name.ends_with('/')) {
    --length;
  }
  const auto slash = name.substr(0, length).rfind('/');
  if (slash == std::string_view::npos || slash == 0) return {};
  const std::size_t rest = name.size() - slash - 1;
  if (rest == 0 || rest > kNameSize || slash > kPrefixSize) return {};
  return {name.substr(0, slash), name.substr(slash + 1)};
}

/// What does not fit a ustar header. `name` is left out: it may be split instead.
std::vector<Record> extended_records(const LayerEntry& entry, std::int64_t size,
                                     std::int64_t mtime) {
  std::vector<Record> records;
  auto number = [&](const char* key, std::size_t field_size, std::int64_t value) {
    if (!fits_octal(field_size, value)) records.emplace_back(key, std::to_string(value));
  };
  number("uid", sizeof TarHeader::uid, entry.uid);
  number("gid", sizeof TarHeader::gid, entry.gid);
  number("size", sizeof TarHeader::size, size);
  number("mtime", sizeof TarHeader::mtime, mtime);
  if (entry.link_target.size() > sizeof TarHeader::link_name || !is_ascii(entry.link_target)) {
    records.emplace_back("linkpath", entry.link_target);
  }
  for (const base::Xattr& xattr : entry.xattrs) {
    if (xattr.name.find_first_of(std::string_view("=\0", 2)) != std::string::npos) {
      throw base::ContentError("extended attribute \"" + base::printable(xattr.name) + "\" of \"" +
                               base::printable(entry.path.absolute()) +
                               "\": no layer can hold that name");
    }
    records.emplace_back(std::string(kXattrRecordPrefix) + xattr.name, xattr.value);
  }
  return records;
}

}  // namespace

std::string tar_name(const LayerEntry& entry) {
  const std::string& path = entry.path.str();
  if (entry.type == EntryType::directory) return path.empty() ? "./" : path + '/';
  if (entry.type != EntryType::whiteout) return path;
  std::string name = path;
  const auto slash = path.rfind('/');
  name.insert(slash == std::string::npos ? 0 : slash + 1, kWhiteoutPrefix);
  return name;
}

void append_tar_header(const LayerEntry& entry, std::string& out) {
  const std::string name = tar_name(entry);
  const auto size = static_cast<std::int64_t>(entry.type == EntryType::file ? entry.size_bytes : 0);
  const std::int64_t mtime =
      std::chrono::floor<std::chrono::seconds>(entry.mtime).time_since_epoch().count();

  std::vector<Record> records = extended_records(entry, size, mtime);
  SplitName split{{}, name};
  if (name.size() > sizeof TarHeader::name || !is_ascii(name)) {
    split = records.empty() && is_ascii(name) ? split_ustar_name(name) : SplitName{};
    if (split.name.empty()) records.emplace_back("path", name);
  }
  if (!records.empty()) append_extended_header(name, records, out);

  TarHeader header{};
  header.type = type_flag(entry.type);
  put_text(header.name, split.name.empty() ? ascii_part(name) : split.name);
  put_text(header.prefix, split.prefix);
  put_text(header.link_name, ascii_part(entry.link_target));
  put_number(header.mode, entry.mode);
  put_number(header.uid, entry.uid);
  put_number(header.gid, entry.gid);
  put_number(header.size, size);
  put_number(header.mtime, mtime);
  put_number(header.device_major, entry.device_major);
  put_number(header.device_minor, entry.device_minor);
  finish_block(header, out);
}

}  // namespace ibuild::layers
