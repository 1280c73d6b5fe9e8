#include "tests/support/builder/fakes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "builder/ops/copy_selection.h"
#include "tests/support/scratch_dir.h"

namespace ibuild::test {
namespace {

using layers::EntryType;
using layers::LayerEntry;

base::TimePoint sample_time() { return base::TimePoint(std::chrono::seconds(1'600'000'000)); }

LayerEntry directory_entry(const base::RelPath& path) {
  LayerEntry entry;
  entry.path = path;
  entry.type = EntryType::directory;
  entry.mode = 0755;
  entry.mtime = sample_time();
  return entry;
}

layers::Layer make_layer(layers::Store& store, const std::vector<FakeFile>& files) {
  const auto less = [](const base::RelPath& a, const base::RelPath& b) {
    return layers::compare_walk_order(a.str(), b.str()) < 0;
  };
  std::map<base::RelPath, const FakeFile*, decltype(less)> entries(less);
  for (const auto& file : files) {
    const auto path = base::RelPath::clean(file.path);
    entries[path] = &file;
    for (auto at = path.parent(); !at.is_root(); at = at.parent()) entries.emplace(at, nullptr);
  }
  const auto builder = store.layers().begin_layer();
  for (const auto& [path, file] : entries) {
    LayerEntry entry = directory_entry(path);
    if (file == nullptr) {
      builder->add(std::move(entry), nullptr);
      continue;
    }
    entry.type = file->type;
    entry.mode = file->mode;
    entry.uid = file->uid;
    entry.gid = file->gid;
    entry.link_target = file->link_target;
    if (file->type == EntryType::file) entry.size_bytes = file->content.size();
    base::StringSource bytes(file->content);
    builder->add(std::move(entry), file->type == EntryType::file ? &bytes : nullptr);
  }
  return builder->commit();
}

/// Everything below `dir` that is not among `old` becomes entries of `out`, owned by root.
void add_tree(const base::DirFd& dir, const base::RelPath& path, const std::set<base::RelPath>& old,
              layers::LayerBuilder& out, bool& any) {
  for (const auto& item : base::list_dir(dir, path)) {
    const auto child = path.join(item.name);
    const auto status = base::lstat_at(dir, child);
    if (old.contains(child)) {
      if (S_ISDIR(status.st_mode)) add_tree(dir, child, old, out, any);
      continue;
    }
    any = true;
    LayerEntry entry = directory_entry(child);
    entry.mode = status.st_mode & 07777;
    if (S_ISDIR(status.st_mode)) {
      out.add(std::move(entry), nullptr);
      add_tree(dir, child, old, out, any);
      continue;
    }
    entry.type = EntryType::file;
    entry.size_bytes = static_cast<std::uint64_t>(status.st_size);
    const auto fd = base::open_at(dir, child, O_RDONLY);
    base::FdSource bytes(fd.get());
    out.add(std::move(entry), &bytes);
  }
}

/// Lays directories and regular files of `source` below `dir`.
void unpack(const builder::SourceTree& source, const base::RelPath& path, const base::DirFd& dir,
            std::set<base::RelPath>& made) {
  for (const auto& file : source.children(path)) {
    if (file.is_directory()) {
      base::make_dirs(dir, file.path());
      unpack(source, file.path(), dir, made);
    } else if (file.is_file()) {
      base::write_file_atomically(dir, file.path(),
                                  base::read_all(*source.open(file), 1 << 24, "fake file"));
    } else {
      continue;
    }
    made.insert(file.path());
  }
}

class FakeWorkingTree : public layers::WorkingTree {
 public:
  FakeWorkingTree(layers::Store& store, const layers::LayerChain& chain)
      : store_(store), dir_(store.temp(), "tree-") {
    unpack(builder::LayeredTree(store.layers(), chain, "the chain"), {}, dir_.dir(), old_);
  }
  const base::DirFd& root() const override { return dir_.dir(); }
  bool is_detached_mount() const override { return false; }
  std::optional<layers::Layer> commit(const std::function<void(const std::string&)>&,
                                      std::stop_token) override {
    const auto builder = store_.layers().begin_layer();
    bool any = false;
    add_tree(dir_.dir(), {}, old_, *builder, any);
    if (!any) return std::nullopt;
    return builder->commit();
  }

 private:
  layers::Store& store_;
  base::TempDir dir_;
  std::set<base::RelPath> old_;
};

}  // namespace

void EventLog::emit(builder::BuildEvent event) {
  const std::lock_guard lock(mutex_);
  events_.push_back(std::move(event));
}

std::vector<std::string> EventLog::vertex_names() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& event : events_) {
    if (const auto* plan = std::get_if<builder::event::PlanReady>(&event)) {
      for (const auto& vertex : plan->vertices) names.push_back(vertex.name);
    }
  }
  return names;
}

std::vector<std::string> EventLog::added_vertex_names() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& event : events_) {
    if (const auto* added = std::get_if<builder::event::VertexAdded>(&event))
      names.push_back(added->vertex.name);
  }
  return names;
}

std::size_t EventLog::cached_count() const {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const auto& event : events_)
    count += std::holds_alternative<builder::event::StepCached>(event) ? 1 : 0;
  return count;
}

std::size_t EventLog::cancelled_count() const {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const auto& event : events_) {
    const auto* failed = std::get_if<builder::event::StepFailed>(&event);
    if (failed != nullptr && failed->cancelled) ++count;
  }
  return count;
}

std::vector<std::string> EventLog::reasons() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> reasons;
  for (const auto& event : events_) {
    if (const auto* missed = std::get_if<builder::event::StepMissed>(&event))
      reasons.push_back(missed->why);
  }
  return reasons;
}

std::vector<std::string> EventLog::warnings() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> texts;
  for (const auto& event : events_) {
    if (const auto* raised = std::get_if<builder::event::WarningRaised>(&event))
      texts.push_back(raised->warning.message);
  }
  return texts;
}

std::vector<std::string> EventLog::notes() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> texts;
  for (const auto& event : events_) {
    if (const auto* note = std::get_if<builder::event::StepNote>(&event))
      texts.push_back(note->text);
  }
  return texts;
}

std::string EventLog::log_text() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const auto& event : events_) {
    if (const auto* log = std::get_if<builder::event::StepLog>(&event)) text += log->bytes;
  }
  return text;
}

void EventLog::clear() {
  const std::lock_guard lock(mutex_);
  events_.clear();
}

builder::BaseImage& FakeImages::add(const std::string& reference,
                                    const std::vector<FakeFile>& files) {
  return add_for(image::host_platform(), reference, files);
}

builder::BaseImage& FakeImages::add_for(const image::Platform& platform,
                                        const std::string& reference,
                                        const std::vector<FakeFile>& files) {
  builder::BaseImage image;
  image.reference = image::with_default_tag(image::parse_reference(reference));
  const bool foreign = platform != image::host_platform();
  image.digest = base::sha256_of(foreign ? reference + " for " + platform.str() : reference);
  image.layers = {make_layer(store_, files)};
  image.config.platform = platform;
  image.config.config.set_env("PATH", "/bin");
  image.config.diff_ids = {image.layers[0].diff_id};
  image.config.history = {{"2020-01-01T00:00:00Z", "base of " + reference, "", "", false}};
  auto& variants = images_[image.reference.str()];
  return variants.insert_or_assign(platform.str(), std::move(image)).first->second;
}

std::optional<builder::BaseImage> FakeImages::try_load(const image::Reference& reference,
                                                       const image::Platform& platform,
                                                       builder::PullPolicy, std::stop_token) {
  const auto found = images_.find(reference.str());
  if (found == images_.end()) return std::nullopt;
  const auto& variants = found->second;
  if (variants.size() == 1) return variants.begin()->second;
  const auto variant = variants.find(image::normalize(platform).str());
  if (variant == variants.end()) throw base::Error("no variant for " + platform.str());
  return variant->second;
}

std::unique_ptr<layers::WorkingTree> FakeSnapshots::open(const layers::LayerChain& chain,
                                                         std::stop_token) {
  return std::make_unique<FakeWorkingTree>(store_, chain);
}

namespace {

void write_files(const base::DirFd& root, const std::vector<FakeFile>& files) {
  for (const auto& file : files) {
    const auto path = base::RelPath::clean(file.path);
    if (!path.parent().is_root()) base::make_dirs(root, path.parent());
    const auto fd = base::open_at(root, path, O_WRONLY | O_CREAT | O_TRUNC, file.mode);
    base::FdSink(fd.get()).write(base::as_bytes(file.content));
    if (::fchmod(fd.get(), file.mode) != 0) throw base::SystemError("fchmod", file.path);
  }
}

}  // namespace

base::ExitStatus FakeSandbox::run(const sandbox::SandboxSpec& spec, sandbox::StepObserver& observer,
                                  std::stop_token stop) {
  Script script;
  {
    const std::lock_guard lock(mutex_);
    specs_.push_back(spec);
    if (const auto found = scripts_.find(spec.argv.back()); found != scripts_.end())
      script = found->second;
  }
  if (stop.stop_requested()) throw base::CancelledError();
  const base::DirFd root(base::UniqueFd(::fcntl(spec.root_fd, F_DUPFD_CLOEXEC, 3)), "/");
  if (script) return {script(root, observer), 0};
  const std::string command = base::join(spec.argv, " ");
  for (const auto& [part, files] : products_) {
    if (command.find(part) != std::string::npos) write_files(root, files);
  }
  if (leaves_traces_) {
    const auto path = base::RelPath::exact("ran/" + base::sha256_of(command).short_hex());
    base::make_dirs(root, path.parent());
    base::write_file_atomically(root, path, command + "\n");
  }
  return {};
}

std::vector<sandbox::SandboxSpec> FakeSandbox::specs() const {
  const std::lock_guard lock(mutex_);
  return specs_;
}

std::vector<std::string> FakeSandbox::commands() const {
  std::vector<std::string> commands;
  for (const auto& spec : specs()) commands.push_back(spec.argv.back());
  return commands;
}

builder::RemoteFile FakeFiles::fetch(const builder::RemoteFileRequest& request, std::stop_token) {
  {
    const std::scoped_lock lock(mutex_);
    asked.push_back(request.url);
  }
  const auto found = files.find(request.url.substr(0, request.url.find_first_of("?#")));
  if (found == files.end()) throw base::Error("GET " + request.url + ": 404 Not Found");
  const auto& [content, last_modified] = found->second;
  const auto digest = base::sha256_of(content);
  if (request.checksum && *request.checksum != digest)
    throw base::ContentError("digest mismatch", request.checksum->str(), digest.str());
  const auto dir = make_scratch_dir();
  base::write_file_atomically(dir.dir(), base::RelPath::exact("file"), content);
  return {.body = base::open_at(dir.dir(), base::RelPath::exact("file"), O_RDONLY),
          .digest = digest,
          .size_bytes = content.size(),
          .last_modified = last_modified};
}

BuildFixture::BuildFixture()
    : scratch_(make_scratch_dir()),
      context_(make_scratch_dir()),
      store(layers::Store::open(scratch_.host_path() + "/store", pool)),
      images(*store),
      snapshots(*store),
      layouts(*store) {
  request.context_dir = context_.host_path();
  request.platforms = {image::host_platform()};
  request.tags = {image::parse_reference("example.com/test:1")};
}

void BuildFixture::make_parents(const base::RelPath& path) {
  if (!path.parent().is_root()) base::make_dirs(context(), path.parent());
}

void BuildFixture::write(const std::string& path, std::string_view content, mode_t mode) {
  const auto where = base::RelPath::clean(path);
  make_parents(where);
  const auto fd = base::open_at(context(), where, O_WRONLY | O_CREAT | O_TRUNC, mode);
  base::FdSink(fd.get()).write(base::as_bytes(content));
  if (::fchmod(fd.get(), mode) != 0) throw base::SystemError("fchmod", path);
}

void BuildFixture::link(const std::string& path, const std::string& target) {
  const auto where = base::RelPath::clean(path);
  make_parents(where);
  if (::symlinkat(target.c_str(), context().get(), where.str().c_str()) != 0)
    throw base::SystemError("symlink", path);
}

builder::Services BuildFixture::services() {
  git = std::make_unique<builder::GitSource>(*store,
                                             builder::GitSource::Options{.settings = git_settings});
  return {*store,
          can_run ? &snapshots : nullptr,
          can_run ? &sandbox : nullptr,
          "no profile works",
          {&images},
          events,
          clock,
          pool,
          &files,
          git.get(),
          [this](const builder::LayoutContext& layout) {
            const std::scoped_lock lock(layouts_mutex_);
            opened_layouts.push_back(layout.path + ":" + layout.tag);
            return std::make_unique<FakeImages>(layouts);
          }};
}

builder::BuildResult BuildFixture::build(const std::string& dockerfile) {
  request.dockerfile = dockerfile;
  return builder::build(request, services(), nullptr, {});
}

image::ImageConfig BuildFixture::config(const builder::BuildResult& result) {
  return image::parse_image_config(store->content().read(result.config_digest));
}

std::unique_ptr<builder::LayeredTree> BuildFixture::tree(const builder::BuildResult& result) {
  layers::LayerChain chain;
  for (const auto& diff_id : config(result).diff_ids)
    chain.push_back({diff_id, std::nullopt, nullptr});
  if (!result.image.digest.empty() && store->content().has(result.image.digest)) {
    const auto manifest = image::parse_manifest(store->content().read(result.image.digest));
    for (std::size_t i = 0; i < chain.size(); ++i) chain[i].blob = manifest.layers.at(i);
  }
  return std::make_unique<builder::LayeredTree>(store->layers(), chain, "the result");
}

std::optional<std::string> BuildFixture::content(const builder::SourceTree& tree,
                                                 const std::string& path) {
  const auto file = tree.lookup(base::RelPath::clean(path));
  if (!file || !file->is_file()) return std::nullopt;
  return base::read_all(*tree.open(*file), 1 << 20, path);
}

std::string BuildFixture::look(const builder::SourceTree& tree, const std::string& path) {
  auto file = tree.lookup(base::RelPath::clean(path));
  if (!file) return "";
  if (file->is_file()) file->entry.content = base::sha256_of("");
  std::string text = builder::fingerprint(*file);
  if (const auto digest = text.find(" sha256:"); digest != std::string::npos) text.resize(digest);
  return text;
}

}  // namespace ibuild::test
