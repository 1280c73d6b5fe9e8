#include "builder/cache/local_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <memory>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "builder/cache/ingredients_json.h"
#include "image/manifest.h"
#include "layers/checksum64.h"

namespace ibuild::builder {
namespace {

constexpr std::string_view kHeader = "ibuild step record 3";
constexpr std::string_view kKeylessHeader = "ibuild step record 2";  // without key
constexpr std::string_view kFirstHeader = "ibuild step record 1";    // without stored, also, blob
constexpr std::string_view kNone = "none";
constexpr std::uint64_t kMaxRecordBytes = 16 << 10;
constexpr std::chrono::seconds kUseInterval{3600};
constexpr std::uint64_t kSmallIngredientsBytes = 64 << 10;
constexpr std::uint64_t kMaxIngredientsBytes = 64 << 20;  // a line for each of some 500,000 files

base::RelPath path_of(const base::Digest& key) {
  const auto hex = key.hex();
  return base::RelPath::exact(std::string(hex.substr(0, 2)) + "/" + std::string(hex.substr(2)));
}

base::RelPath why_path_of(const base::Digest& key) {
  return base::RelPath::exact(path_of(key).str() + ".why");
}

std::string text_of(const std::optional<base::Digest>& digest) {
  return digest ? digest->str() : std::string(kNone);
}

/// The readers of a record's lines are false when a line is not what it should be.
bool read_digest(std::string_view line, std::string_view name, std::optional<base::Digest>& value) {
  if (!line.starts_with(name)) return false;
  const auto text = line.substr(name.size());
  if (text == kNone) return true;
  value = base::Digest::try_parse(text);
  return value.has_value();
}

bool read_time(std::string_view line, std::string_view name, base::TimePoint& value) {
  if (!line.starts_with(name)) return false;
  const auto time = base::parse_rfc3339(line.substr(name.size()));
  if (time) value = *time;
  return time.has_value();
}

bool read_keys(std::string_view line, std::vector<base::Digest>& keys) {
  constexpr std::string_view kName = "also ";
  if (!line.starts_with(kName)) return false;
  if (line.substr(kName.size()) == kNone) return true;
  for (const auto word : base::split(line.substr(kName.size()), ' ')) {
    auto key = base::Digest::try_parse(word);
    if (!key) return false;
    keys.push_back(*std::move(key));
  }
  return true;
}

bool read_blob(std::string_view line, std::optional<image::Descriptor>& value) {
  constexpr std::string_view kName = "blob ";
  if (!line.starts_with(kName)) return false;
  if (line.substr(kName.size()) == kNone) return true;
  try {
    value = image::parse_descriptor(line.substr(kName.size()));
  } catch (const base::ContentError&) {
    return false;
  }
  return true;
}

/// A file that ends where it cannot be read.
class ReadableFile : public base::ByteSource {
 public:
  ReadableFile(base::UniqueFd fd, std::uint64_t size)
      : fd_(std::move(fd)), source_(fd_.get(), 0, size) {}
  std::size_t read(std::span<std::byte> buffer) override {
    try {
      return source_.read(buffer);
    } catch (const base::Error&) {
      return 0;
    }
  }

 private:
  base::UniqueFd fd_;
  base::FdRangeSource source_;
};

}  // namespace

std::string serialize(const base::Digest& key, const StepRecord& record) {
  std::string text(kHeader);
  text += "\nkey " + key.str();
  text += "\nlayer " + text_of(record.layer);
  text += "\ncreated " + base::format_rfc3339(record.created);
  text += "\nstored " + base::format_rfc3339(record.stored);
  text += "\nalso" + (record.also.empty() ? " " + std::string(kNone) : "");
  for (const auto& other : record.also) text += " " + other.str();
  text += "\nblob " + (record.blob ? image::to_json(*record.blob) : std::string(kNone)) + "\n";
  return text + fmt::format("sum {:016x}\n", layers::checksum64(text));
}

std::optional<StepRecord> parse_step_record(const base::Digest& key, std::string_view text) {
  auto lines = base::split(text, '\n');
  if (lines.size() < 3 || !lines.back().empty()) return std::nullopt;
  const auto sum = lines[lines.size() - 2];
  const auto summed = text.substr(0, text.size() - sum.size() - 1);
  if (sum != fmt::format("sum {:016x}", layers::checksum64(summed))) return std::nullopt;
  if (lines[0] == kHeader) {
    if (lines[1] != "key " + key.str()) return std::nullopt;
    lines.erase(lines.begin() + 1);
  } else if (lines[0] != kKeylessHeader && lines[0] != kFirstHeader) {
    return std::nullopt;
  }
  const bool is_first_form = lines[0] == kFirstHeader;
  if (lines.size() != (is_first_form ? 5 : 8)) return std::nullopt;
  StepRecord record;
  bool good = read_digest(lines[1], "layer ", record.layer) &&
              read_time(lines[2], "created ", record.created);
  record.stored = record.created;
  if (!is_first_form) {
    good = good && read_time(lines[3], "stored ", record.stored) &&
           read_keys(lines[4], record.also) && read_blob(lines[5], record.blob);
  }
  return good ? std::optional(std::move(record)) : std::nullopt;
}

std::optional<StepRecord> LocalCache::find(const base::Digest& key, std::string& damaged) {
  const auto path = path_of(key);
  try {
    const auto text = base::try_read_file_at(dir_, path, kMaxRecordBytes);
    if (!text) return std::nullopt;
    if (auto record = parse_step_record(key, *text)) {
      note_use(path);
      return record;
    }
    damaged = "step record " + path.str() + " is damaged";
  } catch (const base::Error& error) {
    damaged = std::string("step record cannot be read: ") + error.what();
  }
  return std::nullopt;
}

/// The time of a record's file says when it was last of use. Set anew only now and then.
void LocalCache::note_use(const base::RelPath& path) const {
  const auto status = base::try_lstat_at(dir_, path);
  if (!status || ::time(nullptr) - status->st_mtim.tv_sec < kUseInterval.count()) return;
  // A record that cannot be marked is used all the same.
  (void)::utimensat(dir_.get(), path.str().c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
}

void LocalCache::write(const base::RelPath& path, const std::string& text) {
  base::make_dirs(dir_, path.parent());
  base::replace_file(dir_, path, text);
}

void LocalCache::put(const base::Digest& key, const StepRecord& record) {
  write(path_of(key), serialize(key, record));
}

/// Whether a file holds `text`; its time says then that it was of use now. File systems write a
/// file that takes another one's place to the device at once, and most steps that run again have
/// the ingredients that they had.
bool LocalCache::touch_if_same(const base::RelPath& path, const std::string& text) const {
  try {
    if (base::try_read_file_at(dir_, path, text.size()) != text) return false;
  } catch (const base::Error&) {
    return false;  // whatever it is, it is replaced
  }
  return ::utimensat(dir_.get(), path.str().c_str(), nullptr, AT_SYMLINK_NOFOLLOW) == 0;
}

void LocalCache::put_ingredients(const base::Digest& key, const StepKey& ingredients) {
  const auto path = why_path_of(key);
  base::StringSink small;
  if (write_ingredients(ingredients, kSmallIngredientsBytes, small)) {
    if (!touch_if_same(path, small.text())) write(path, small.text());
    return;
  }
  base::make_dirs(dir_, path.parent());
  base::AtomicFile file(dir_, path);
  if (!write_ingredients(ingredients, kMaxIngredientsBytes, file)) return;
  base::clear_place_of_file(dir_, path);
  file.commit();
}

std::optional<IngredientReader> LocalCache::open_ingredients(const base::Digest& key) {
  try {
    auto fd = base::try_open_at(dir_, why_path_of(key), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    struct stat status {};
    if (!fd || fstat(fd->get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (size > kMaxIngredientsBytes) return std::nullopt;
    return IngredientReader::open(std::make_unique<ReadableFile>(*std::move(fd), size));
  } catch (const base::Error&) {
    return std::nullopt;
  }
}

}  // namespace ibuild::builder
