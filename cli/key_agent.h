#pragma once

#include <string>
#include <vector>

#include "base/child.h"
#include "base/files.h"

namespace ibuild::cli {

/// A run of the program ssh-agent that holds some keys. Its socket lies in a directory that only
/// this user can enter; the destructor ends the program and removes the socket.
class KeyAgent {
 public:
  /// Throws: base::Error naming the key that cannot be used, SystemError when the programs
  /// ssh-agent and ssh-add are not there.
  explicit KeyAgent(const std::vector<std::string>& key_files);
  std::string socket_path() const { return dir_.host_path() + "/agent"; }

 private:
  base::TempDir dir_;
  base::Child agent_;
};

}  // namespace ibuild::cli
