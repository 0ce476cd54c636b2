"""A model's processes: its files laid out, its program, and starting as many as a variant has instances.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
"""

from __future__ import annotations

import shlex
import uuid
from pathlib import Path
from typing import Any

from cumulet.engines.serve import Away, Program, Worker
from cumulet.jobs import Job
from cumulet.services.sagemaker import images, lake
from cumulet.services.sagemaker.container import Container
from cumulet.services.sagemaker.endpoint_log import EndpointLog
from cumulet.services.sagemaker.memory import memory_of
from cumulet.services.sagemaker.models import model_data
from cumulet.services.sagemaker.surroundings import Surroundings
from cumulet.services.sagemaker.variants import Instance, Variant

LOG_GROUP = "/aws/sagemaker/Endpoints"
HANDLER = Path(__file__).parent / "toolkit/serving/__init__.py"
ALGORITHM = Path(__file__).parent / "toolkit/algorithm.py"
OWN = ALGORITHM.with_name("own_container.py")  # a command of the user's that speaks HTTP

# What nearly every model of a framework imports: done once, before its processes are forked.
IMPORTED = {
    "scikit-learn": ("numpy", "scipy.sparse", "joblib", "sklearn.pipeline", "sklearn.linear_model",
                     "sklearn.feature_extraction.text", "sklearn.ensemble"),
    "xgboost": ("numpy", "scipy.sparse", "xgboost"),
    "pytorch": ("numpy", "torch"),
    "huggingface": ("numpy", "torch", "transformers"),
    "tensorflow": ("numpy",),
}  # fmt: skip


class Hosting(Surroundings):
    def _lay_out_model(self, wanted: dict[str, Any], container: Container) -> None:
        """The model's files as its process finds them; kept, so that the next start needs no S3."""
        done = container.folder / "complete"
        if done.exists():
            return
        container.lay_out()
        s3, definition = self.other("s3"), wanted["container"]
        uri, archive = model_data(definition)
        if definition.get("Mode") == "MultiModel":
            (container.ml / "models").mkdir(exist_ok=True)
        elif uri and archive:
            lake.stage_object(s3, uri, container.folder / "model.tar.gz")
            lake.unpack(container.folder / "model.tar.gz", container.ml / "model")
        elif uri:
            lake.stage_channel(
                s3, uri, container.ml / "model", shared=False
            )  # nothing keeps a model from writing
        if code := container.submitted(definition):
            lake.stage_object(s3, code, container.ml / "input/submit/sourcedir.tar.gz")
            lake.unpack(container.ml / "input/submit/sourcedir.tar.gz", container.ml / "code")
        done.touch()

    def _program(
        self,
        wanted: dict[str, Any],
        container: Container,
        log: EndpointLog,
        memory: int | None = None,
        kind: str = "",
    ) -> Program:
        """The process of one container; on an instance of a type it runs where instances do."""
        image = images.find(wanted["container"]["Image"], self.store)
        python = self._required_python(image, container.requirements, log.say)
        environment = self._lasting_variables(wanted["role"], python, container)
        own = wanted["container"].get("Environment", {})
        algorithm = "" if scripted(own, container) else image.algorithm
        return Program(
            folder=container.folder,
            handler=OWN if image.command else ALGORITHM if algorithm else HANDLER,
            python=str(python),
            environment={
                **environment,
                **own,
                **_many(wanted["container"], memory),
                "CUMULET_ALGORITHM": algorithm,
                "CUMULET_COMMAND": shlex.join(image.command),
                "CUMULET_FRAMEWORK": image.framework.name,
            },
            mounts=container.mounts,
            memory=memory,
            modules=IMPORTED.get(image.framework.name, ()),
            stems=self.store.directory / "sagemaker/stems",
            offline=wanted["container"].get("offline", False),
            away=self._away(kind, python, container) if kind else None,
        )

    def _away(self, kind: str, python: Path, container: Container) -> Away | None:
        """On the cluster, where there is one, with a copy of what a requirements.txt made; None for here."""
        if not (cluster := self.house.config.ray_address):
            return None
        share = self._share(kind, container)
        made = [python.parent.parent] if python.is_relative_to(self._environments) else []
        share |= {"carries": [*share["carries"], *made], "keeps": [], "renews": [container.credentials]}
        share |= {"reserved": share.pop("memory") or 0}
        del share["home"]
        return Away(cluster, share)

    def _start_instance(self, job: Job, variant: Variant, number: int) -> Instance:
        """Begin the processes of one more instance; they are not waited for."""
        name = f"i-{uuid.uuid5(uuid.NAMESPACE_OID, f'{job.id}/{variant.name}/{number}').hex[:17]}"
        memory = memory_of(variant.definition, self.store.directory)
        workers = {}
        for definition in variant.definition["containers"]:
            container = self._container(job, variant.definition, definition, number)
            stream = f"{variant.name}/{name}"
            if len(variant.definition["containers"]) > 1:
                stream += f"/{definition['ContainerHostname']}"
            log = EndpointLog(self.other("logs"), f"{LOG_GROUP}/{job.payload['name']}", stream)
            wanted = {"container": definition, "role": variant.definition["role"]}
            kind = (
                "" if definition.get("Mode") == "MultiModel" else variant.definition.get("InstanceType", "")
            )
            program = self._program(wanted, container, log, memory, kind)
            workers[definition["ContainerHostname"]] = Worker(program, log)
        instance = Instance(name, number, workers)
        variant.instances.append(instance)
        return instance

    def _prepare_variant(self, job: Job, variant: Variant) -> list[Program]:
        """Have everything ready that a variant needs before its first process, as nobody may have asked yet: files,
        and (for a serverless one, whose processes begin with a request) what they are forked from."""
        programs = []
        for definition in variant.definition["containers"]:
            container = self._container(job, variant.definition, definition, 0)
            if variant.most is not None:
                log = EndpointLog(
                    self.other("logs"), f"{LOG_GROUP}/{job.payload['name']}", f"{variant.name}/setup"
                )
                wanted = {"container": definition, "role": variant.definition["role"]}
                programs.append(self._program(wanted, container, log))
                programs[-1].warm()
        return programs

    def _container(
        self, job: Job, variant: dict[str, Any], definition: dict[str, Any], number: int
    ) -> Container:
        """The folder of one container of an instance. All instances of a variant share the model's files, which
        the first has laid out."""
        first, own = (self._container_folder(job, variant, definition, place) for place in (0, number))
        self._lay_out_model({"container": definition, "role": variant["role"]}, Container(first))
        own.mkdir(exist_ok=True)
        if number and not (own / "ml").exists():
            (own / "ml").symlink_to(Path("..") / first.name / "ml")  # so that the data directory may move
        return Container(own)

    def _container_folder(
        self, job: Job, variant: dict[str, Any], definition: dict[str, Any], number: int
    ) -> Path:
        place = variant["containers"].index(definition)
        name = f"{variant['VariantName']}-{number}" + (f"-{place}" if place else "")
        return self._endpoint_folder(job) / name

    def _endpoint_folder(self, job: Job) -> Path:
        return self.store.directory / "sagemaker/endpoints" / job.id


def scripted(environment: dict[str, str], container: Container) -> bool:
    """Whether a model has a script of its own: named in its environment, or in its archive."""
    return bool(environment.get("SAGEMAKER_PROGRAM")) or (container.ml / "model/code/inference.py").is_file()


def _many(definition: dict[str, Any], memory: int | None) -> dict[str, str]:
    """What a process of many models is told besides."""
    if definition.get("Mode") != "MultiModel":
        return {}
    cached = definition.get("MultiModelConfig", {}).get("ModelCacheSetting", "Enabled") == "Enabled"
    most = {} if cached else {"SAGEMAKER_MULTI_MODEL_MAX": "1"}
    return {"SAGEMAKER_MULTI_MODEL": "true", "CUMULET_MEMORY": str(memory or 0), **most}
