#include "tests/unit/layers/layer_samples.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "base/digest.h"
#include "layers/tar_writer.h"
#include "tests/support/must_run.h"
#include "tests/support/scratch_dir.h"

namespace ibuild::test {

using layers::EntryType;

namespace {

Sample make(std::string_view path, EntryType type, std::uint32_t mode) {
  Sample sample;
  sample.entry.path = base::RelPath::exact(path);
  sample.entry.type = type;
  sample.entry.mode = mode;
  sample.entry.uid = ::geteuid();
  sample.entry.gid = ::getegid();
  sample.entry.mtime = base::TimePoint(std::chrono::seconds(1'600'000'000));
  return sample;
}

base::DirFd make_dir(const base::DirFd& parent, std::string_view name) {
  base::make_dirs(parent, base::RelPath::exact(name));
  return base::open_dir_at(parent, base::RelPath::exact(name));
}

char mark_of(EntryType type) {
  constexpr std::string_view kMarks = "fdlhcbpwo";
  return kMarks[static_cast<std::size_t>(type)];
}

}  // namespace

Sample file(std::string_view path, std::string content, std::uint32_t mode) {
  Sample sample = make(path, EntryType::file, mode);
  sample.entry.size_bytes = content.size();
  sample.content = std::move(content);
  return sample;
}

Sample directory(std::string_view path, std::uint32_t mode) {
  return make(path, EntryType::directory, mode);
}

Sample symlink(std::string_view path, std::string target) {
  Sample sample = make(path, EntryType::symlink, 0777);
  sample.entry.link_target = std::move(target);
  return sample;
}

Sample hardlink(std::string_view path, std::string target) {
  Sample sample = make(path, EntryType::hardlink, 0644);
  sample.entry.link_target = std::move(target);
  return sample;
}

Sample device(std::string_view path, EntryType type, std::uint32_t major, std::uint32_t minor) {
  Sample sample = make(path, type, 0600);
  sample.entry.device_major = major;
  sample.entry.device_minor = minor;
  return sample;
}

Sample fifo(std::string_view path) { return make(path, EntryType::fifo, 0600); }

Sample whiteout(std::string_view path) {
  Sample sample;
  sample.entry.path = base::RelPath::exact(path);
  sample.entry.type = EntryType::whiteout;
  return sample;
}

Sample opaque(std::string_view path) {
  Sample sample;
  sample.entry.path = base::RelPath::exact(path);
  sample.entry.type = EntryType::opaque;
  return sample;
}

std::vector<Sample> sorted(std::vector<Sample> samples) {
  std::sort(samples.begin(), samples.end(),
            [](const Sample& a, const Sample& b) { return layers::walk_less(a.entry, b.entry); });
  return samples;
}

std::vector<layers::LayerEntry> entries_of(const std::vector<Sample>& samples) {
  std::vector<layers::LayerEntry> entries;
  for (const Sample& sample : samples) entries.push_back(sample.entry);
  return entries;
}

layers::LayerIndex index_of(const std::vector<Sample>& samples) {
  return layers::LayerIndex(entries_of(samples));
}

std::shared_ptr<const layers::LayerIndex> shared_index_of(const std::vector<Sample>& samples) {
  return std::make_shared<const layers::LayerIndex>(entries_of(samples));
}

std::string tar_of(const std::vector<Sample>& samples) {
  base::StringSink out;
  layers::TarWriter writer(out);
  for (const Sample& sample : samples) {
    base::StringSource data(sample.content);
    writer.add(sample.entry, &data);
  }
  writer.finish();
  return out.take();
}

std::string listing(const layers::LayerIndex& index) {
  std::string text;
  for (const auto& entry : index.entries()) {
    text += std::string(1, mark_of(entry.type)) + " " + entry.path.str() + "\n";
  }
  return text;
}

bool can_unpack() {
  return can_run("root", ::geteuid() == 0, "layers are unpacked by root, or root of a namespace");
}

LayerStoreFixture::LayerStoreFixture()
    : scratch_(make_scratch_dir()),
      layers_dir_(make_dir(scratch_.dir(), "layers")),
      temp_(make_dir(scratch_.dir(), "tmp")),
      locks_(make_dir(scratch_.dir(), "locks")),
      pool_(2),
      content_(scratch_.dir(), temp_),
      layers_(layers_dir_, temp_, locks_, content_, pool_) {}

std::unique_ptr<layers::LayerStore> LayerStoreFixture::open_again() {
  return std::make_unique<layers::LayerStore>(layers_dir_, temp_, locks_, content_, pool_);
}

layers::Layer LayerStoreFixture::build(const std::vector<Sample>& samples) const {
  const auto builder = layers_.begin_layer();
  for (const Sample& sample : samples) {
    base::StringSource data(sample.content);
    builder->add(sample.entry, &data);
  }
  return builder->commit();
}

base::RelPath LayerStoreFixture::form_path(const layers::Layer& layer,
                                           std::string_view form) const {
  return base::RelPath::exact("layers/" + std::string(layer.diff_id.hex())).join(form);
}

bool LayerStoreFixture::has_form(const layers::Layer& layer, std::string_view form) const {
  return base::try_lstat_at(root(), form_path(layer, form)).has_value();
}

bool LayerStoreFixture::temp_is_empty() const { return base::list_dir(temp_).empty(); }

void FakeProvider::fetch(const image::Descriptor&, base::DigestSink& out, std::stop_token) {
  ++fetches_;
  constexpr std::size_t kPiece = 1000;
  for (std::size_t at = 0; at < bytes_.size(); at += kPiece) {
    out.write(base::as_bytes(std::string_view(bytes_).substr(at, kPiece)));
  }
}

layers::Layer remote_layer(const std::string& tar, std::string blob_bytes, std::string media_type) {
  layers::Layer layer;
  layer.diff_id = base::sha256_of(tar);
  layer.blob.emplace();
  layer.blob->media_type = std::move(media_type);
  layer.blob->digest = base::sha256_of(blob_bytes);
  layer.blob->size_bytes = blob_bytes.size();
  layer.provider = std::make_shared<FakeProvider>(std::move(blob_bytes));
  return layer;
}

}  // namespace ibuild::test
