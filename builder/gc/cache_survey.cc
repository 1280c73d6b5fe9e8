#include "builder/gc/cache_survey.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "builder/cache/local_cache.h"
#include "builder/gc/disk_usage.h"
#include "builder/ops/cache_mount.h"
#include "layers/file_times.h"

namespace ibuild::builder {
namespace {

using base::RelPath;

constexpr std::uint64_t kMaxRecordBytes = 64 << 10;
constexpr std::uint64_t kMaxNameBytes = 4096;
constexpr std::string_view kWhySuffix = ".why";
constexpr std::size_t kShardDigits = 2;

std::uint64_t on_disk(const struct stat& status) {
  return static_cast<std::uint64_t>(status.st_blocks) * 512;
}

std::string short_id(std::string_view hex) { return std::string(hex.substr(0, 12)); }

/// A survey on its way.
class Surveyor {
 public:
  explicit Surveyor(layers::Store& store)
      : store_(store),
        cache_(base::open_dir_at(store.root(), RelPath::exact("cache"))),
        sizes_(store.cache_dir("gc")),
        needs_(layers::needs_of_images(store)) {}

  CacheSurvey run() {
    add_layers();
    add_records();
    for (auto& [diff_id, item] : steps_) items_.push_back(std::move(item));
    for (auto& item : orphans_) items_.push_back(std::move(item));
    add_mounts();
    add_sources(CacheItem::Kind::file, "http");
    add_sources(CacheItem::Kind::checkout, "git");
    add_blobs();
    sizes_.save();
    return {std::move(items_), std::move(needs_)};
  }

 private:
  void add_layers() {
    for (const auto& entry : base::list_dir(store_.layers_dir())) {
      const auto diff_id = base::Digest::try_parse("sha256:" + entry.name);
      const auto folder = RelPath::exact(entry.name);
      const auto status = base::try_lstat_at(store_.layers_dir(), folder);
      if (!diff_id || !status || !S_ISDIR(status->st_mode)) continue;
      CacheItem item;
      item.id = short_id(entry.name);
      item.description = "layer";
      item.last_used = layers::to_time_point(status->st_mtim);
      if (const auto index = base::try_lstat_at(store_.layers_dir(), folder.join("index")))
        item.last_used = std::max(item.last_used, layers::to_time_point(index->st_mtim));
      item.in_image = needs_.diff_ids.contains(*diff_id);
      item.size_bytes = sizes_.of(store_.layers_dir(), folder, *status);
      item.diff_ids = {*diff_id};
      for (const auto& blob : layers::blobs_made_of(store_, *diff_id)) add_blob(item, blob);
      steps_.emplace(*diff_id, std::move(item));
    }
  }

  void add_blob(CacheItem& item, const base::Digest& blob) {
    if (needs_.blobs.contains(blob) || !owned_blobs_.insert(blob).second) return;
    item.size_bytes += store_.content().try_size(blob).value_or(0);
    item.blobs.push_back(blob);
  }

  void add_records() {
    const auto steps = store_.cache_dir("steps");
    for (const auto& shard : base::list_dir(steps)) {
      if (shard.name.size() != kShardDigits) continue;  // journals
      for (const auto& file : base::list_dir(steps, RelPath::exact(shard.name)))
        add_record(steps, RelPath::exact(shard.name + "/" + file.name));
    }
  }

  /// The item that a record belongs to: that of its layer, or one of its own.
  CacheItem& item_of(const std::optional<StepRecord>& record) {
    if (record && record->layer) {
      const auto step = steps_.find(*record->layer);
      if (step != steps_.end()) return step->second;
      if (record->blob && store_.content().has(record->blob->digest))
        return steps_.emplace(*record->layer, CacheItem{.id = short_id(record->layer->hex())})
            .first->second;
    }
    orphans_.emplace_back();
    orphans_.back().description = "record without a layer";
    return orphans_.back();
  }

  /// `path`: <2 hex digits>/<62 hex digits>. None when it is damaged, or no file at all.
  static std::optional<StepRecord> try_read_record(const base::DirFd& steps, const RelPath& path) {
    const std::string_view digits = path.str();
    const auto key = base::Digest::try_parse(
        fmt::format("sha256:{}{}", digits.substr(0, kShardDigits), path.name()));
    try {
      const auto text = base::try_read_file_at(steps, path, kMaxRecordBytes);
      return key && text ? parse_step_record(*key, *text) : std::nullopt;
    } catch (const base::Error&) {
      return std::nullopt;
    }
  }

  void add_record(const base::DirFd& steps, const RelPath& path) {
    if (path.str().ends_with(kWhySuffix)) {
      // It goes with its record; what a failed step left has none.
      const auto record = path.str().substr(0, path.str().size() - kWhySuffix.size());
      if (base::try_lstat_at(steps, RelPath::exact(record))) return;
      return add_file(item_of({}), steps, path);
    }
    if (!base::try_lstat_at(steps, path)) return;  // removed meanwhile
    const auto record = try_read_record(steps, path);
    auto& item = item_of(record);
    if (record && record->blob) add_blob(item, record->blob->digest);
    add_file(item, steps, path);
    add_file(item, steps, RelPath::exact(path.str() + std::string(kWhySuffix)));
  }

  static void add_file(CacheItem& item, const base::DirFd& steps, const RelPath& path) {
    const auto status = base::try_lstat_at(steps, path);
    if (!status) return;
    if (item.id.empty()) item.id = short_id(path.name());
    item.size_bytes += on_disk(*status);
    item.last_used = std::max(item.last_used, layers::to_time_point(status->st_mtim));
    item.files.push_back(RelPath::exact("steps/" + path.str()));
  }

  void add_folder(CacheItem::Kind kind, const std::string& parent, const std::string& name,
                  std::string description) {
    const auto path = RelPath::exact(parent + "/" + name);
    const auto status = base::try_lstat_at(cache_, path);
    if (!status || !S_ISDIR(status->st_mode)) return;
    CacheItem item;
    item.kind = kind;
    item.id = short_id(name);
    item.description = std::move(description);
    item.size_bytes = disk_usage(cache_, path);
    item.last_used = layers::to_time_point(status->st_mtim);
    item.files = {path};
    items_.push_back(std::move(item));
  }

  void add_mounts() {
    const auto mounts = store_.cache_dir("mounts");
    for (const auto& entry : base::list_dir(mounts)) {
      const auto name =
          base::try_read_file_at(mounts, RelPath::exact(entry.name + "/name"), kMaxNameBytes);
      add_folder(CacheItem::Kind::mount, "mounts", entry.name,
                 "cache mount" + (name ? " " + base::printable(CacheMount::id_of(*name)) : ""));
    }
  }

  void add_sources(CacheItem::Kind kind, const std::string& folder) {
    if (!base::try_lstat_at(cache_, RelPath::exact(folder))) return;
    for (const auto& entry : base::list_dir(cache_, RelPath::exact(folder)))
      add_folder(kind, folder, entry.name, "fetched by " + folder);
  }

  void add_blobs() {
    const auto blobs = base::open_dir_at(store_.root(), RelPath::exact("blobs/sha256"));
    for (const auto& entry : base::list_dir(blobs)) {
      const auto digest = base::Digest::try_parse("sha256:" + entry.name);
      const auto status = base::try_lstat_at(blobs, RelPath::exact(entry.name));
      if (!digest || !status || needs_.blobs.contains(*digest) || owned_blobs_.contains(*digest))
        continue;
      CacheItem item;
      item.kind = CacheItem::Kind::blob;
      item.id = short_id(entry.name);
      item.description = "blob of no image";
      item.size_bytes = on_disk(*status);
      item.last_used = layers::to_time_point(status->st_mtim);
      item.blobs = {*digest};
      items_.push_back(std::move(item));
    }
  }

  layers::Store& store_;
  base::DirFd cache_;
  SizeMemory sizes_;
  layers::ImageNeeds needs_;
  std::map<base::Digest, CacheItem> steps_;  // by diff-id
  std::vector<CacheItem> orphans_;
  std::set<base::Digest> owned_blobs_;
  std::vector<CacheItem> items_;
};

}  // namespace

std::string kind_name(CacheItem::Kind kind) {
  switch (kind) {
    case CacheItem::Kind::step:
      return "regular";
    case CacheItem::Kind::mount:
      return "exec.cachemount";
    case CacheItem::Kind::file:
      return "source.http";
    case CacheItem::Kind::checkout:
      return "source.git.checkout";
    case CacheItem::Kind::blob:
      break;
  }
  return "blob";
}

std::uint64_t CacheSurvey::total_bytes() const {
  std::uint64_t total = 0;
  for (const auto& item : items) total += item.size_bytes;
  return total;
}

CacheSurvey survey_cache(layers::Store& store) { return Surveyor(store).run(); }

void remove_items(const layers::Store& store, const base::LockFile& alone,
                  const layers::ImageNeeds& needs, const std::vector<CacheItem>& items) {
  const auto cache = base::open_dir_at(store.root(), RelPath::exact("cache"));
  const base::TempDir grave(store.temp(), "pruned-");
  std::set<base::Digest> diff_ids;
  std::set<base::Digest> blobs;
  std::size_t number = 0;
  for (const auto& item : items) {
    // Records first: one without its layer is a miss, the other way round nothing would find it.
    for (const auto& file : item.files) {
      const auto to = std::to_string(number++);
      if (::renameat(cache.get(), file.str().c_str(), grave.dir().get(), to.c_str()) != 0 &&
          errno != ENOENT) {
        throw base::SystemError("remove", cache.show(file));
      }
    }
    diff_ids.insert(item.diff_ids.begin(), item.diff_ids.end());
    blobs.insert(item.blobs.begin(), item.blobs.end());
  }
  layers::remove_content(store, alone, diff_ids, blobs, needs);
}

}  // namespace ibuild::builder
