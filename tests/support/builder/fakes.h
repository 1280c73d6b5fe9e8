#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/thread_pool.h"
#include "builder/build.h"
#include "builder/tree/layered_tree.h"
#include "layers/store.h"
#include "layers/working_tree.h"
#include "sandbox/sandbox.h"

namespace ibuild::test {

/// Keeps every event.
class EventLog : public builder::EventSink {
 public:
  void emit(builder::BuildEvent event) override;
  /// Names of the vertices that were announced, in order.
  std::vector<std::string> vertex_names() const;
  /// Of those beside the plan's.
  std::vector<std::string> added_vertex_names() const;
  std::size_t cached_count() const;
  /// Reasons given for misses, in order.
  std::vector<std::string> reasons() const;
  std::vector<std::string> warnings() const;
  /// What was noted beside the log, in order.
  std::vector<std::string> notes() const;
  std::string log_text() const;
  std::size_t cancelled_count() const;
  void clear();

 private:
  mutable std::mutex mutex_;
  std::vector<builder::BuildEvent> events_;
};

/// A file of a fake image.
struct FakeFile {
  std::string path;
  std::string content;
  std::uint32_t mode = 0644;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  layers::EntryType type = layers::EntryType::file;
  std::string link_target = {};
};

/// Gives images made of a few files.
class FakeImages : public builder::ImageSource {
 public:
  explicit FakeImages(layers::Store& store) : store_(store) {}
  /// One layer with `files`; parent directories are made.
  builder::BaseImage& add(const std::string& reference, const std::vector<FakeFile>& files);
  /// One of several platforms under a reference. A lone one is given for any platform.
  builder::BaseImage& add_for(const image::Platform& platform, const std::string& reference,
                              const std::vector<FakeFile>& files);
  std::optional<builder::BaseImage> try_load(const image::Reference& reference,
                                             const image::Platform& platform,
                                             builder::PullPolicy policy,
                                             std::stop_token stop) override;
  std::string name() const override { return "fake"; }

 private:
  layers::Store& store_;
  std::map<std::string, std::map<std::string, builder::BaseImage>> images_;  // by platform
};

/// Working trees in plain directories, with the chain's directories and regular files; what a fake
/// step adds is the layer.
class FakeSnapshots : public layers::SnapshotBackend {
 public:
  explicit FakeSnapshots(layers::Store& store) : store_(store) {}
  std::unique_ptr<layers::WorkingTree> open(const layers::LayerChain& chain,
                                            std::stop_token stop) override;

 private:
  layers::Store& store_;
};

/// Runs a function instead of a process, and keeps the specs that it was given.
class FakeSandbox : public sandbox::Sandbox {
 public:
  /// What a step does: writes below the root, gives its exit code. By the last word of argv; others
  /// do nothing.
  using Script = std::function<int(const base::DirFd& root, sandbox::StepObserver& observer)>;
  void on(const std::string& command, Script script) { scripts_[command] = std::move(script); }
  /// From now on a step without a script of its own writes its command into a file /ran/<digest of
  /// it>.
  void leave_traces() { leaves_traces_ = true; }
  /// A step without a script whose command has `part` in it writes `files`; beside its trace.
  void leave_files(const std::string& part, std::vector<FakeFile> files) {
    products_.emplace_back(part, std::move(files));
  }
  base::ExitStatus run(const sandbox::SandboxSpec& spec, sandbox::StepObserver& observer,
                       std::stop_token stop) override;
  std::vector<sandbox::SandboxSpec> specs() const;
  std::vector<std::string> commands() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Script> scripts_;
  bool leaves_traces_ = false;
  std::vector<std::pair<std::string, std::vector<FakeFile>>> products_;
  std::vector<sandbox::SandboxSpec> specs_;
};

/// Gives files by URL, and notes who was asked.
class FakeFiles : public builder::RemoteFiles {
 public:
  struct File {
    std::string content;
    std::optional<base::TimePoint> last_modified = {};
  };
  builder::RemoteFile fetch(const builder::RemoteFileRequest& request,
                            std::stop_token stop) override;

  std::map<std::string, File> files;
  std::vector<std::string> asked;  // to be read when no build runs

 private:
  std::mutex mutex_;
};

/// A store, a context and fakes around build().
class BuildFixture {
 public:
  BuildFixture();

  void write(const std::string& path, std::string_view content, mode_t mode = 0644);
  void link(const std::string& path, const std::string& target);
  const base::DirFd& context() const { return context_.dir(); }
  builder::Services services();
  builder::BuildResult build(const std::string& dockerfile);
  /// The tree of the image that the last build() put into the store.
  std::unique_ptr<builder::LayeredTree> tree(const builder::BuildResult& result);
  image::ImageConfig config(const builder::BuildResult& result);
  /// Content of a file of a tree; none when it is not there.
  static std::optional<std::string> content(const builder::SourceTree& tree,
                                            const std::string& path);
  /// "dir 0755 0:0" and so on; empty when it is not there.
  static std::string look(const builder::SourceTree& tree, const std::string& path);

 private:
  void make_parents(const base::RelPath& path);

  base::TempDir scratch_;
  base::TempDir context_;
  std::mutex layouts_mutex_;

 public:
  base::ThreadPool pool{2};
  std::unique_ptr<layers::Store> store;
  FakeImages images;
  FakeSnapshots snapshots;
  FakeSandbox sandbox;
  FakeFiles files;
  FakeImages layouts;                       // what any OCI layout holds
  std::vector<std::string> opened_layouts;  // "path:tag"; to be read when no build runs
  /// Of git; "url.<path>.insteadOf" lets a repository of this machine stand for one of another.
  std::vector<builder::GitSetting> git_settings = {{"protocol.file.allow", "always"}};
  std::unique_ptr<builder::GitSource> git;  // of the last build
  EventLog events;
  builder::BuildRequest request;
  base::Clock clock{std::chrono::sys_seconds(std::chrono::seconds(1'700'000'000))};
  bool can_run = true;
};

}  // namespace ibuild::test
