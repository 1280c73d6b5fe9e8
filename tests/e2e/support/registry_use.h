#pragma once

#include <string>

#include "tests/e2e/support/machine.h"
#include "tests/support/registry_server.h"

namespace ibuild::e2e {

using test::RegistryServer;

/// Whether a registry can be started here; see test::can_run.
bool has_registry();

/// Pushes an image whose one file /f has this content; the store keeps it as well.
void push_image(Machine& machine, const std::string& name, const std::string& content);

/// The digest that the registry has under `name`.
std::string remote_digest(const Machine& machine, const std::string& name);

}  // namespace ibuild::e2e
