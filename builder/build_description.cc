#include "builder/build_description.h"

#include <utility>

#include "builder/vertex_numbers.h"

namespace ibuild::builder {
namespace {

parser::StageList read_stages(const parser::Dockerfile& dockerfile) {
  parser::Diagnostics unused;
  return parser::build_stages(dockerfile, unused);
}

GlobalArgs read_args(const BuildRequest& request, const parser::StageList& stages) {
  const bool has_target = !request.target.empty() || stages.stages.empty();
  return {stages,
          request.build_args,
          {image::host_platform(), image::normalize(request.platform),
           has_target ? request.target : stages.stages.back().name()}};
}

}  // namespace

BuildDescription::BuildDescription(const BuildRequest& request,
                                   const parser::Dockerfile& dockerfile, const Services& services,
                                   Scope scope, std::stop_token stop)
    : stages_(read_stages(dockerfile)),
      args_(read_args(request, stages_)),
      graph_(stages_, args_,
             {image::normalize(request.platform), request.target, request.contexts}) {
  if (scope == Scope::all_stages) graph_.need_all_stages();
  VertexNumbers vertices;
  do {
    resolve_bases(graph_, request, services, vertices, stop, bases_);
  } while (add_onbuild_triggers(graph_, bases_));
}

}  // namespace ibuild::builder
