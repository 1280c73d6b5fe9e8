#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/digest.h"

/// What decides whether a step may be taken from the cache. A step's key is the SHA-256 over
/// kKeyVersion and these ingredients, each with its name, in this order:
///
///   COPY, ADD    "op"       verb, sources as written, destination, --chown, --chmod, --link,
///   --parents, --unpack, --exclude
///                "parent"   chain-id of the layers it stands on; not for --link
///                "files"    names, types, modes, owners, link targets, xattrs and contents of what
///                is copied;
///                           for --from=<stage> at first the chain-id of the source instead
///                           ("source")
///                "url N"    name, mode and content of a file by URL; not where it lies
///                "git N"    the commit of a repository, and the part of it that is taken
///                "inline"   name and content of each heredoc
///   WORKDIR      "op"       the path and the user
///                "parent"   chain-id
///   RUN          "op"       the command
///                "parent"   chain-id
///                "env NAME" each variable of the environment (ENV and ARG), in order
///                "cwd" "user" "network" "platform" "hostname" "hosts" (names, not addresses)
///                "security"  only with --security=insecure
///                "shm-size" "ulimits" "script"   a heredoc with a "#!" line "mount T"  each
///                --mount: type, target, source path, options; for a bind its content (or, for a
///                stage, at
///                           first the chain-id of the source); of a cache neither its id nor its
///                           sharing nor what is in it
///   all          "epoch"    SOURCE_DATE_EPOCH, when it is set
///
/// What does not enter: times of files, the file's name and line, other instructions, labels, proxy
/// settings given by
/// --build-arg, values of secrets, addresses of --add-host, the number of threads. Instructions
/// that only change the image's configuration have no key: they cost nothing.
namespace ibuild::builder {

inline constexpr std::string_view kKeyVersion = "ibuild step key 1";

struct Ingredient {
  std::string name;
  std::string value;
  bool operator==(const Ingredient&) const = default;
};

/// Takes a file's path and what of the file counts; false: no more of them are wanted.
using TakeFile = std::function<bool(std::string_view path, std::string_view fingerprint)>;
/// Gives files to `take` one by one, until it wants no more: in walk order
/// (layers::compare_walk_order), each path once.
using TellFiles = std::function<void(const TakeFile& take)>;

/// A key and what it was made of.
class StepKey {
 public:
  void add(std::string name, std::string value);
  /// Adds something that is shown by `why` but is no part of the key: it stands behind an
  /// ingredient that is a digest.
  void add_detail(std::string name, std::string value);
  /// The same for files, of which there may be very many: they are not kept here but made whenever
  /// somebody asks. What `tell` refers to must outlive this, or forget_details().
  void set_files(TellFiles tell) { tell_files_ = std::move(tell); }

  base::Digest digest() const;
  const std::vector<Ingredient>& ingredients() const { return ingredients_; }
  /// Without files.
  const std::vector<Ingredient>& details() const { return details_; }
  void for_each_file(const TakeFile& take) const;
  /// For when nobody will ask any more.
  void forget_details();

 private:
  std::vector<Ingredient> ingredients_;
  std::vector<Ingredient> details_;
  TellFiles tell_files_;  // empty: there are none
};

}  // namespace ibuild::builder
