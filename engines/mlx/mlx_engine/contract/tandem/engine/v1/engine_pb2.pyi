from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Toggle(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TOGGLE_UNSPECIFIED: _ClassVar[Toggle]
    TOGGLE_AUTO: _ClassVar[Toggle]
    TOGGLE_ON: _ClassVar[Toggle]
    TOGGLE_OFF: _ClassVar[Toggle]

class Verdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERDICT_UNSPECIFIED: _ClassVar[Verdict]
    VERDICT_EXACT: _ClassVar[Verdict]
    VERDICT_TOLERATED: _ClassVar[Verdict]
    VERDICT_REFUSED: _ClassVar[Verdict]

class Overflow(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OVERFLOW_UNSPECIFIED: _ClassVar[Overflow]
    OVERFLOW_STOP: _ClassVar[Overflow]
    OVERFLOW_TRUNCATE_MIDDLE: _ClassVar[Overflow]
    OVERFLOW_ROLLING_WINDOW: _ClassVar[Overflow]

class Proposer(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PROPOSER_UNSPECIFIED: _ClassVar[Proposer]
    PROPOSER_NONE: _ClassVar[Proposer]
    PROPOSER_DRAFT: _ClassVar[Proposer]
    PROPOSER_NGRAM: _ClassVar[Proposer]
    PROPOSER_COMBINED: _ClassVar[Proposer]

class Origin(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ORIGIN_UNSPECIFIED: _ClassVar[Origin]
    ORIGIN_MAIN: _ClassVar[Origin]
    ORIGIN_DRAFT: _ClassVar[Origin]
    ORIGIN_NGRAM: _ClassVar[Origin]

class FinishReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FINISH_REASON_UNSPECIFIED: _ClassVar[FinishReason]
    FINISH_REASON_EOS: _ClassVar[FinishReason]
    FINISH_REASON_STOP_STRING: _ClassVar[FinishReason]
    FINISH_REASON_MAX_TOKENS: _ClassVar[FinishReason]
    FINISH_REASON_CONTEXT_FULL: _ClassVar[FinishReason]
    FINISH_REASON_CONSTRAINT_COMPLETE: _ClassVar[FinishReason]
    FINISH_REASON_CANCELLED: _ClassVar[FinishReason]
    FINISH_REASON_MODEL_UNLOADED: _ClassVar[FinishReason]
TOGGLE_UNSPECIFIED: Toggle
TOGGLE_AUTO: Toggle
TOGGLE_ON: Toggle
TOGGLE_OFF: Toggle
VERDICT_UNSPECIFIED: Verdict
VERDICT_EXACT: Verdict
VERDICT_TOLERATED: Verdict
VERDICT_REFUSED: Verdict
OVERFLOW_UNSPECIFIED: Overflow
OVERFLOW_STOP: Overflow
OVERFLOW_TRUNCATE_MIDDLE: Overflow
OVERFLOW_ROLLING_WINDOW: Overflow
PROPOSER_UNSPECIFIED: Proposer
PROPOSER_NONE: Proposer
PROPOSER_DRAFT: Proposer
PROPOSER_NGRAM: Proposer
PROPOSER_COMBINED: Proposer
ORIGIN_UNSPECIFIED: Origin
ORIGIN_MAIN: Origin
ORIGIN_DRAFT: Origin
ORIGIN_NGRAM: Origin
FINISH_REASON_UNSPECIFIED: FinishReason
FINISH_REASON_EOS: FinishReason
FINISH_REASON_STOP_STRING: FinishReason
FINISH_REASON_MAX_TOKENS: FinishReason
FINISH_REASON_CONTEXT_FULL: FinishReason
FINISH_REASON_CONSTRAINT_COMPLETE: FinishReason
FINISH_REASON_CANCELLED: FinishReason
FINISH_REASON_MODEL_UNLOADED: FinishReason

class ErrorDetail(_message.Message):
    __slots__ = ("code", "field", "message", "next_step", "retry_after")
    CODE_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    NEXT_STEP_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_FIELD_NUMBER: _ClassVar[int]
    code: str
    field: str
    message: str
    next_step: str
    retry_after: float
    def __init__(self, code: _Optional[str] = ..., field: _Optional[str] = ..., message: _Optional[str] = ..., next_step: _Optional[str] = ..., retry_after: _Optional[float] = ...) -> None: ...

class HandshakeRequest(_message.Message):
    __slots__ = ("protocol_min", "protocol_max", "challenge")
    PROTOCOL_MIN_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_MAX_FIELD_NUMBER: _ClassVar[int]
    CHALLENGE_FIELD_NUMBER: _ClassVar[int]
    protocol_min: int
    protocol_max: int
    challenge: bytes
    def __init__(self, protocol_min: _Optional[int] = ..., protocol_max: _Optional[int] = ..., challenge: _Optional[bytes] = ...) -> None: ...

class HandshakeResponse(_message.Message):
    __slots__ = ("protocol", "proof", "engine", "capabilities", "settings", "devices")
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    DEVICES_FIELD_NUMBER: _ClassVar[int]
    protocol: int
    proof: bytes
    engine: EngineInfo
    capabilities: _containers.RepeatedScalarFieldContainer[str]
    settings: _containers.RepeatedScalarFieldContainer[str]
    devices: _containers.RepeatedCompositeFieldContainer[Device]
    def __init__(self, protocol: _Optional[int] = ..., proof: _Optional[bytes] = ..., engine: _Optional[_Union[EngineInfo, _Mapping]] = ..., capabilities: _Optional[_Iterable[str]] = ..., settings: _Optional[_Iterable[str]] = ..., devices: _Optional[_Iterable[_Union[Device, _Mapping]]] = ...) -> None: ...

class EngineInfo(_message.Message):
    __slots__ = ("id", "version", "build", "worker_version", "pid")
    ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    BUILD_FIELD_NUMBER: _ClassVar[int]
    WORKER_VERSION_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    id: str
    version: str
    build: str
    worker_version: str
    pid: int
    def __init__(self, id: _Optional[str] = ..., version: _Optional[str] = ..., build: _Optional[str] = ..., worker_version: _Optional[str] = ..., pid: _Optional[int] = ...) -> None: ...

class Device(_message.Message):
    __slots__ = ("name", "description", "kind", "memory_total", "memory_free")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[Device.Kind]
        KIND_CPU: _ClassVar[Device.Kind]
        KIND_GPU: _ClassVar[Device.Kind]
        KIND_INTEGRATED_GPU: _ClassVar[Device.Kind]
        KIND_ACCELERATOR: _ClassVar[Device.Kind]
    KIND_UNSPECIFIED: Device.Kind
    KIND_CPU: Device.Kind
    KIND_GPU: Device.Kind
    KIND_INTEGRATED_GPU: Device.Kind
    KIND_ACCELERATOR: Device.Kind
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    MEMORY_TOTAL_FIELD_NUMBER: _ClassVar[int]
    MEMORY_FREE_FIELD_NUMBER: _ClassVar[int]
    name: str
    description: str
    kind: Device.Kind
    memory_total: int
    memory_free: int
    def __init__(self, name: _Optional[str] = ..., description: _Optional[str] = ..., kind: _Optional[_Union[Device.Kind, str]] = ..., memory_total: _Optional[int] = ..., memory_free: _Optional[int] = ...) -> None: ...

class ModelReference(_message.Message):
    __slots__ = ("path", "remote", "projector_path", "key")
    PATH_FIELD_NUMBER: _ClassVar[int]
    REMOTE_FIELD_NUMBER: _ClassVar[int]
    PROJECTOR_PATH_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    path: str
    remote: RemoteModel
    projector_path: str
    key: str
    def __init__(self, path: _Optional[str] = ..., remote: _Optional[_Union[RemoteModel, _Mapping]] = ..., projector_path: _Optional[str] = ..., key: _Optional[str] = ...) -> None: ...

class RemoteModel(_message.Message):
    __slots__ = ("uri", "sha256", "size")
    URI_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    uri: str
    sha256: str
    size: int
    def __init__(self, uri: _Optional[str] = ..., sha256: _Optional[str] = ..., size: _Optional[int] = ...) -> None: ...

class LoadSettings(_message.Message):
    __slots__ = ("context_length", "parallel", "batch_size", "physical_batch_size", "kv_key_type", "kv_value_type", "gpu_layers", "devices", "device_shares", "threads", "prompt_threads", "flash_attention", "memory_map", "memory_lock", "kv_on_gpu", "seed", "rope", "adapters", "prompt_cache_bytes", "expert_count", "pooling")
    CONTEXT_LENGTH_FIELD_NUMBER: _ClassVar[int]
    PARALLEL_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    PHYSICAL_BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    KV_KEY_TYPE_FIELD_NUMBER: _ClassVar[int]
    KV_VALUE_TYPE_FIELD_NUMBER: _ClassVar[int]
    GPU_LAYERS_FIELD_NUMBER: _ClassVar[int]
    DEVICES_FIELD_NUMBER: _ClassVar[int]
    DEVICE_SHARES_FIELD_NUMBER: _ClassVar[int]
    THREADS_FIELD_NUMBER: _ClassVar[int]
    PROMPT_THREADS_FIELD_NUMBER: _ClassVar[int]
    FLASH_ATTENTION_FIELD_NUMBER: _ClassVar[int]
    MEMORY_MAP_FIELD_NUMBER: _ClassVar[int]
    MEMORY_LOCK_FIELD_NUMBER: _ClassVar[int]
    KV_ON_GPU_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    ROPE_FIELD_NUMBER: _ClassVar[int]
    ADAPTERS_FIELD_NUMBER: _ClassVar[int]
    PROMPT_CACHE_BYTES_FIELD_NUMBER: _ClassVar[int]
    EXPERT_COUNT_FIELD_NUMBER: _ClassVar[int]
    POOLING_FIELD_NUMBER: _ClassVar[int]
    context_length: int
    parallel: int
    batch_size: int
    physical_batch_size: int
    kv_key_type: str
    kv_value_type: str
    gpu_layers: int
    devices: _containers.RepeatedScalarFieldContainer[str]
    device_shares: _containers.RepeatedScalarFieldContainer[float]
    threads: int
    prompt_threads: int
    flash_attention: Toggle
    memory_map: bool
    memory_lock: bool
    kv_on_gpu: bool
    seed: int
    rope: RopeSettings
    adapters: _containers.RepeatedCompositeFieldContainer[Adapter]
    prompt_cache_bytes: int
    expert_count: int
    pooling: str
    def __init__(self, context_length: _Optional[int] = ..., parallel: _Optional[int] = ..., batch_size: _Optional[int] = ..., physical_batch_size: _Optional[int] = ..., kv_key_type: _Optional[str] = ..., kv_value_type: _Optional[str] = ..., gpu_layers: _Optional[int] = ..., devices: _Optional[_Iterable[str]] = ..., device_shares: _Optional[_Iterable[float]] = ..., threads: _Optional[int] = ..., prompt_threads: _Optional[int] = ..., flash_attention: _Optional[_Union[Toggle, str]] = ..., memory_map: _Optional[bool] = ..., memory_lock: _Optional[bool] = ..., kv_on_gpu: _Optional[bool] = ..., seed: _Optional[int] = ..., rope: _Optional[_Union[RopeSettings, _Mapping]] = ..., adapters: _Optional[_Iterable[_Union[Adapter, _Mapping]]] = ..., prompt_cache_bytes: _Optional[int] = ..., expert_count: _Optional[int] = ..., pooling: _Optional[str] = ...) -> None: ...

class RopeSettings(_message.Message):
    __slots__ = ("scaling", "frequency_base", "frequency_scale", "original_context_length")
    SCALING_FIELD_NUMBER: _ClassVar[int]
    FREQUENCY_BASE_FIELD_NUMBER: _ClassVar[int]
    FREQUENCY_SCALE_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_CONTEXT_LENGTH_FIELD_NUMBER: _ClassVar[int]
    scaling: str
    frequency_base: float
    frequency_scale: float
    original_context_length: int
    def __init__(self, scaling: _Optional[str] = ..., frequency_base: _Optional[float] = ..., frequency_scale: _Optional[float] = ..., original_context_length: _Optional[int] = ...) -> None: ...

class Adapter(_message.Message):
    __slots__ = ("path", "scale")
    PATH_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    path: str
    scale: float
    def __init__(self, path: _Optional[str] = ..., scale: _Optional[float] = ...) -> None: ...

class DraftModel(_message.Message):
    __slots__ = ("model", "engine_id", "settings", "acceptance_prior", "cost")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    ENGINE_ID_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    ACCEPTANCE_PRIOR_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    model: ModelReference
    engine_id: str
    settings: LoadSettings
    acceptance_prior: AcceptancePrior
    cost: CostCurve
    def __init__(self, model: _Optional[_Union[ModelReference, _Mapping]] = ..., engine_id: _Optional[str] = ..., settings: _Optional[_Union[LoadSettings, _Mapping]] = ..., acceptance_prior: _Optional[_Union[AcceptancePrior, _Mapping]] = ..., cost: _Optional[_Union[CostCurve, _Mapping]] = ...) -> None: ...

class LoadModelRequest(_message.Message):
    __slots__ = ("model", "engine_id", "settings", "draft", "draft_required", "cost")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    ENGINE_ID_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    DRAFT_FIELD_NUMBER: _ClassVar[int]
    DRAFT_REQUIRED_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    model: ModelReference
    engine_id: str
    settings: LoadSettings
    draft: DraftModel
    draft_required: bool
    cost: CostCurve
    def __init__(self, model: _Optional[_Union[ModelReference, _Mapping]] = ..., engine_id: _Optional[str] = ..., settings: _Optional[_Union[LoadSettings, _Mapping]] = ..., draft: _Optional[_Union[DraftModel, _Mapping]] = ..., draft_required: _Optional[bool] = ..., cost: _Optional[_Union[CostCurve, _Mapping]] = ...) -> None: ...

class CostCurve(_message.Message):
    __slots__ = ("points",)
    POINTS_FIELD_NUMBER: _ClassVar[int]
    points: _containers.RepeatedCompositeFieldContainer[CostPoint]
    def __init__(self, points: _Optional[_Iterable[_Union[CostPoint, _Mapping]]] = ...) -> None: ...

class CostPoint(_message.Message):
    __slots__ = ("batch_tokens", "seconds", "samples")
    BATCH_TOKENS_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    batch_tokens: int
    seconds: float
    samples: int
    def __init__(self, batch_tokens: _Optional[int] = ..., seconds: _Optional[float] = ..., samples: _Optional[int] = ...) -> None: ...

class AcceptancePrior(_message.Message):
    __slots__ = ("by_position", "weight")
    BY_POSITION_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    by_position: _containers.RepeatedScalarFieldContainer[float]
    weight: float
    def __init__(self, by_position: _Optional[_Iterable[float]] = ..., weight: _Optional[float] = ...) -> None: ...

class LoadModelResponse(_message.Message):
    __slots__ = ("progress", "loaded")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    LOADED_FIELD_NUMBER: _ClassVar[int]
    progress: LoadProgress
    loaded: LoadedModel
    def __init__(self, progress: _Optional[_Union[LoadProgress, _Mapping]] = ..., loaded: _Optional[_Union[LoadedModel, _Mapping]] = ...) -> None: ...

class LoadProgress(_message.Message):
    __slots__ = ("fraction", "phase")
    class Phase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        PHASE_UNSPECIFIED: _ClassVar[LoadProgress.Phase]
        PHASE_READING: _ClassVar[LoadProgress.Phase]
        PHASE_CONTEXT: _ClassVar[LoadProgress.Phase]
        PHASE_DRAFT: _ClassVar[LoadProgress.Phase]
        PHASE_MEASURING: _ClassVar[LoadProgress.Phase]
        PHASE_WARMING_UP: _ClassVar[LoadProgress.Phase]
    PHASE_UNSPECIFIED: LoadProgress.Phase
    PHASE_READING: LoadProgress.Phase
    PHASE_CONTEXT: LoadProgress.Phase
    PHASE_DRAFT: LoadProgress.Phase
    PHASE_MEASURING: LoadProgress.Phase
    PHASE_WARMING_UP: LoadProgress.Phase
    FRACTION_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    fraction: float
    phase: LoadProgress.Phase
    def __init__(self, fraction: _Optional[float] = ..., phase: _Optional[_Union[LoadProgress.Phase, str]] = ...) -> None: ...

class LoadedModel(_message.Message):
    __slots__ = ("architecture", "description", "parameter_count", "file_size", "layer_count", "embedding_length", "context_length", "trained_context_length", "parallel", "tokenizer", "chat_template", "named_templates", "memory", "draft", "notices", "settings", "can_generate", "can_embed", "cache_can_trim", "load_seconds", "accepts_images")
    class NamedTemplatesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ARCHITECTURE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    PARAMETER_COUNT_FIELD_NUMBER: _ClassVar[int]
    FILE_SIZE_FIELD_NUMBER: _ClassVar[int]
    LAYER_COUNT_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_LENGTH_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_LENGTH_FIELD_NUMBER: _ClassVar[int]
    TRAINED_CONTEXT_LENGTH_FIELD_NUMBER: _ClassVar[int]
    PARALLEL_FIELD_NUMBER: _ClassVar[int]
    TOKENIZER_FIELD_NUMBER: _ClassVar[int]
    CHAT_TEMPLATE_FIELD_NUMBER: _ClassVar[int]
    NAMED_TEMPLATES_FIELD_NUMBER: _ClassVar[int]
    MEMORY_FIELD_NUMBER: _ClassVar[int]
    DRAFT_FIELD_NUMBER: _ClassVar[int]
    NOTICES_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    CAN_GENERATE_FIELD_NUMBER: _ClassVar[int]
    CAN_EMBED_FIELD_NUMBER: _ClassVar[int]
    CACHE_CAN_TRIM_FIELD_NUMBER: _ClassVar[int]
    LOAD_SECONDS_FIELD_NUMBER: _ClassVar[int]
    ACCEPTS_IMAGES_FIELD_NUMBER: _ClassVar[int]
    architecture: str
    description: str
    parameter_count: int
    file_size: int
    layer_count: int
    embedding_length: int
    context_length: int
    trained_context_length: int
    parallel: int
    tokenizer: TokenizerInfo
    chat_template: str
    named_templates: _containers.ScalarMap[str, str]
    memory: _containers.RepeatedCompositeFieldContainer[DeviceMemory]
    draft: DraftInfo
    notices: _containers.RepeatedScalarFieldContainer[str]
    settings: LoadSettings
    can_generate: bool
    can_embed: bool
    cache_can_trim: bool
    load_seconds: float
    accepts_images: bool
    def __init__(self, architecture: _Optional[str] = ..., description: _Optional[str] = ..., parameter_count: _Optional[int] = ..., file_size: _Optional[int] = ..., layer_count: _Optional[int] = ..., embedding_length: _Optional[int] = ..., context_length: _Optional[int] = ..., trained_context_length: _Optional[int] = ..., parallel: _Optional[int] = ..., tokenizer: _Optional[_Union[TokenizerInfo, _Mapping]] = ..., chat_template: _Optional[str] = ..., named_templates: _Optional[_Mapping[str, str]] = ..., memory: _Optional[_Iterable[_Union[DeviceMemory, _Mapping]]] = ..., draft: _Optional[_Union[DraftInfo, _Mapping]] = ..., notices: _Optional[_Iterable[str]] = ..., settings: _Optional[_Union[LoadSettings, _Mapping]] = ..., can_generate: _Optional[bool] = ..., can_embed: _Optional[bool] = ..., cache_can_trim: _Optional[bool] = ..., load_seconds: _Optional[float] = ..., accepts_images: _Optional[bool] = ...) -> None: ...

class TokenizerInfo(_message.Message):
    __slots__ = ("kind", "pre_tokenizer", "size", "padded_size", "fingerprint", "bos", "eos", "eot", "add_bos", "add_eos", "bos_text", "eos_text", "end_of_generation", "fim_prefix", "fim_suffix", "fim_middle")
    KIND_FIELD_NUMBER: _ClassVar[int]
    PRE_TOKENIZER_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    PADDED_SIZE_FIELD_NUMBER: _ClassVar[int]
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    BOS_FIELD_NUMBER: _ClassVar[int]
    EOS_FIELD_NUMBER: _ClassVar[int]
    EOT_FIELD_NUMBER: _ClassVar[int]
    ADD_BOS_FIELD_NUMBER: _ClassVar[int]
    ADD_EOS_FIELD_NUMBER: _ClassVar[int]
    BOS_TEXT_FIELD_NUMBER: _ClassVar[int]
    EOS_TEXT_FIELD_NUMBER: _ClassVar[int]
    END_OF_GENERATION_FIELD_NUMBER: _ClassVar[int]
    FIM_PREFIX_FIELD_NUMBER: _ClassVar[int]
    FIM_SUFFIX_FIELD_NUMBER: _ClassVar[int]
    FIM_MIDDLE_FIELD_NUMBER: _ClassVar[int]
    kind: str
    pre_tokenizer: str
    size: int
    padded_size: int
    fingerprint: str
    bos: int
    eos: int
    eot: int
    add_bos: bool
    add_eos: bool
    bos_text: str
    eos_text: str
    end_of_generation: _containers.RepeatedScalarFieldContainer[int]
    fim_prefix: int
    fim_suffix: int
    fim_middle: int
    def __init__(self, kind: _Optional[str] = ..., pre_tokenizer: _Optional[str] = ..., size: _Optional[int] = ..., padded_size: _Optional[int] = ..., fingerprint: _Optional[str] = ..., bos: _Optional[int] = ..., eos: _Optional[int] = ..., eot: _Optional[int] = ..., add_bos: _Optional[bool] = ..., add_eos: _Optional[bool] = ..., bos_text: _Optional[str] = ..., eos_text: _Optional[str] = ..., end_of_generation: _Optional[_Iterable[int]] = ..., fim_prefix: _Optional[int] = ..., fim_suffix: _Optional[int] = ..., fim_middle: _Optional[int] = ...) -> None: ...

class DeviceMemory(_message.Message):
    __slots__ = ("device", "weights", "kv_cache", "compute", "draft")
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    KV_CACHE_FIELD_NUMBER: _ClassVar[int]
    COMPUTE_FIELD_NUMBER: _ClassVar[int]
    DRAFT_FIELD_NUMBER: _ClassVar[int]
    device: str
    weights: int
    kv_cache: int
    compute: int
    draft: int
    def __init__(self, device: _Optional[str] = ..., weights: _Optional[int] = ..., kv_cache: _Optional[int] = ..., compute: _Optional[int] = ..., draft: _Optional[int] = ...) -> None: ...

class DraftInfo(_message.Message):
    __slots__ = ("key", "description", "tokenizer", "revision", "settings", "parameter_count")
    KEY_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    TOKENIZER_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    PARAMETER_COUNT_FIELD_NUMBER: _ClassVar[int]
    key: str
    description: str
    tokenizer: TokenizerInfo
    revision: int
    settings: LoadSettings
    parameter_count: int
    def __init__(self, key: _Optional[str] = ..., description: _Optional[str] = ..., tokenizer: _Optional[_Union[TokenizerInfo, _Mapping]] = ..., revision: _Optional[int] = ..., settings: _Optional[_Union[LoadSettings, _Mapping]] = ..., parameter_count: _Optional[int] = ...) -> None: ...

class AttachDraftRequest(_message.Message):
    __slots__ = ("draft",)
    DRAFT_FIELD_NUMBER: _ClassVar[int]
    draft: DraftModel
    def __init__(self, draft: _Optional[_Union[DraftModel, _Mapping]] = ...) -> None: ...

class AttachDraftResponse(_message.Message):
    __slots__ = ("progress", "attached")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    ATTACHED_FIELD_NUMBER: _ClassVar[int]
    progress: LoadProgress
    attached: AttachedDraft
    def __init__(self, progress: _Optional[_Union[LoadProgress, _Mapping]] = ..., attached: _Optional[_Union[AttachedDraft, _Mapping]] = ...) -> None: ...

class AttachedDraft(_message.Message):
    __slots__ = ("draft", "memory_before", "memory_after", "notices")
    DRAFT_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BEFORE_FIELD_NUMBER: _ClassVar[int]
    MEMORY_AFTER_FIELD_NUMBER: _ClassVar[int]
    NOTICES_FIELD_NUMBER: _ClassVar[int]
    draft: DraftInfo
    memory_before: _containers.RepeatedCompositeFieldContainer[DeviceMemory]
    memory_after: _containers.RepeatedCompositeFieldContainer[DeviceMemory]
    notices: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, draft: _Optional[_Union[DraftInfo, _Mapping]] = ..., memory_before: _Optional[_Iterable[_Union[DeviceMemory, _Mapping]]] = ..., memory_after: _Optional[_Iterable[_Union[DeviceMemory, _Mapping]]] = ..., notices: _Optional[_Iterable[str]] = ...) -> None: ...

class DetachDraftRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DetachDraftResponse(_message.Message):
    __slots__ = ("detached", "memory_before", "memory_after", "revision")
    DETACHED_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BEFORE_FIELD_NUMBER: _ClassVar[int]
    MEMORY_AFTER_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    detached: bool
    memory_before: _containers.RepeatedCompositeFieldContainer[DeviceMemory]
    memory_after: _containers.RepeatedCompositeFieldContainer[DeviceMemory]
    revision: int
    def __init__(self, detached: _Optional[bool] = ..., memory_before: _Optional[_Iterable[_Union[DeviceMemory, _Mapping]]] = ..., memory_after: _Optional[_Iterable[_Union[DeviceMemory, _Mapping]]] = ..., revision: _Optional[int] = ...) -> None: ...

class CheckDraftRequest(_message.Message):
    __slots__ = ("main", "main_engine_id", "draft", "draft_engine_id")
    MAIN_FIELD_NUMBER: _ClassVar[int]
    MAIN_ENGINE_ID_FIELD_NUMBER: _ClassVar[int]
    DRAFT_FIELD_NUMBER: _ClassVar[int]
    DRAFT_ENGINE_ID_FIELD_NUMBER: _ClassVar[int]
    main: ModelReference
    main_engine_id: str
    draft: ModelReference
    draft_engine_id: str
    def __init__(self, main: _Optional[_Union[ModelReference, _Mapping]] = ..., main_engine_id: _Optional[str] = ..., draft: _Optional[_Union[ModelReference, _Mapping]] = ..., draft_engine_id: _Optional[str] = ...) -> None: ...

class CheckDraftResponse(_message.Message):
    __slots__ = ("verdict", "failed", "first_difference")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    FIRST_DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    verdict: Verdict
    failed: _containers.RepeatedCompositeFieldContainer[FailedCheck]
    first_difference: TokenDifference
    def __init__(self, verdict: _Optional[_Union[Verdict, str]] = ..., failed: _Optional[_Iterable[_Union[FailedCheck, _Mapping]]] = ..., first_difference: _Optional[_Union[TokenDifference, _Mapping]] = ...) -> None: ...

class FailedCheck(_message.Message):
    __slots__ = ("check", "main_value", "draft_value", "message")
    CHECK_FIELD_NUMBER: _ClassVar[int]
    MAIN_VALUE_FIELD_NUMBER: _ClassVar[int]
    DRAFT_VALUE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    check: str
    main_value: str
    draft_value: str
    message: str
    def __init__(self, check: _Optional[str] = ..., main_value: _Optional[str] = ..., draft_value: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class TokenDifference(_message.Message):
    __slots__ = ("id", "main_text", "draft_text")
    ID_FIELD_NUMBER: _ClassVar[int]
    MAIN_TEXT_FIELD_NUMBER: _ClassVar[int]
    DRAFT_TEXT_FIELD_NUMBER: _ClassVar[int]
    id: int
    main_text: str
    draft_text: str
    def __init__(self, id: _Optional[int] = ..., main_text: _Optional[str] = ..., draft_text: _Optional[str] = ...) -> None: ...

class EstimateRequest(_message.Message):
    __slots__ = ("model", "settings", "draft")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    DRAFT_FIELD_NUMBER: _ClassVar[int]
    model: ModelReference
    settings: LoadSettings
    draft: DraftModel
    def __init__(self, model: _Optional[_Union[ModelReference, _Mapping]] = ..., settings: _Optional[_Union[LoadSettings, _Mapping]] = ..., draft: _Optional[_Union[DraftModel, _Mapping]] = ...) -> None: ...

class EstimateResponse(_message.Message):
    __slots__ = ("memory", "exact")
    MEMORY_FIELD_NUMBER: _ClassVar[int]
    EXACT_FIELD_NUMBER: _ClassVar[int]
    memory: _containers.RepeatedCompositeFieldContainer[DeviceMemory]
    exact: bool
    def __init__(self, memory: _Optional[_Iterable[_Union[DeviceMemory, _Mapping]]] = ..., exact: _Optional[bool] = ...) -> None: ...

class GenerateRequest(_message.Message):
    __slots__ = ("request_id", "prompt", "sampling", "stop", "max_tokens", "constraint", "overflow", "speculation", "seed", "top_logprobs", "progress_interval", "cache_prompt")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    SAMPLING_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    MAX_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CONSTRAINT_FIELD_NUMBER: _ClassVar[int]
    OVERFLOW_FIELD_NUMBER: _ClassVar[int]
    SPECULATION_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    TOP_LOGPROBS_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    CACHE_PROMPT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    prompt: Prompt
    sampling: Sampling
    stop: _containers.RepeatedScalarFieldContainer[str]
    max_tokens: int
    constraint: Constraint
    overflow: Overflow
    speculation: Speculation
    seed: int
    top_logprobs: int
    progress_interval: float
    cache_prompt: bool
    def __init__(self, request_id: _Optional[str] = ..., prompt: _Optional[_Union[Prompt, _Mapping]] = ..., sampling: _Optional[_Union[Sampling, _Mapping]] = ..., stop: _Optional[_Iterable[str]] = ..., max_tokens: _Optional[int] = ..., constraint: _Optional[_Union[Constraint, _Mapping]] = ..., overflow: _Optional[_Union[Overflow, str]] = ..., speculation: _Optional[_Union[Speculation, _Mapping]] = ..., seed: _Optional[int] = ..., top_logprobs: _Optional[int] = ..., progress_interval: _Optional[float] = ..., cache_prompt: _Optional[bool] = ...) -> None: ...

class Prompt(_message.Message):
    __slots__ = ("segments", "add_special")
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    ADD_SPECIAL_FIELD_NUMBER: _ClassVar[int]
    segments: _containers.RepeatedCompositeFieldContainer[Segment]
    add_special: bool
    def __init__(self, segments: _Optional[_Iterable[_Union[Segment, _Mapping]]] = ..., add_special: _Optional[bool] = ...) -> None: ...

class Segment(_message.Message):
    __slots__ = ("text", "tokens", "media")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    MEDIA_FIELD_NUMBER: _ClassVar[int]
    text: TextSegment
    tokens: TokenSegment
    media: MediaSegment
    def __init__(self, text: _Optional[_Union[TextSegment, _Mapping]] = ..., tokens: _Optional[_Union[TokenSegment, _Mapping]] = ..., media: _Optional[_Union[MediaSegment, _Mapping]] = ...) -> None: ...

class TextSegment(_message.Message):
    __slots__ = ("text", "parse_special")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    PARSE_SPECIAL_FIELD_NUMBER: _ClassVar[int]
    text: str
    parse_special: bool
    def __init__(self, text: _Optional[str] = ..., parse_special: _Optional[bool] = ...) -> None: ...

class TokenSegment(_message.Message):
    __slots__ = ("ids",)
    IDS_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, ids: _Optional[_Iterable[int]] = ...) -> None: ...

class MediaSegment(_message.Message):
    __slots__ = ("mime_type", "data")
    MIME_TYPE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    mime_type: str
    data: bytes
    def __init__(self, mime_type: _Optional[str] = ..., data: _Optional[bytes] = ...) -> None: ...

class Sampling(_message.Message):
    __slots__ = ("temperature", "dynamic_temperature_range", "dynamic_temperature_exponent", "top_k", "top_p", "min_p", "typical_p", "xtc_probability", "xtc_threshold", "repetition_penalty", "frequency_penalty", "presence_penalty", "penalty_window", "dry_multiplier", "dry_base", "dry_allowed_length", "dry_window", "dry_sequence_breakers", "mirostat", "mirostat_tau", "mirostat_eta", "logit_bias", "min_tokens", "ignore_eos")
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    DYNAMIC_TEMPERATURE_RANGE_FIELD_NUMBER: _ClassVar[int]
    DYNAMIC_TEMPERATURE_EXPONENT_FIELD_NUMBER: _ClassVar[int]
    TOP_K_FIELD_NUMBER: _ClassVar[int]
    TOP_P_FIELD_NUMBER: _ClassVar[int]
    MIN_P_FIELD_NUMBER: _ClassVar[int]
    TYPICAL_P_FIELD_NUMBER: _ClassVar[int]
    XTC_PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    XTC_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    REPETITION_PENALTY_FIELD_NUMBER: _ClassVar[int]
    FREQUENCY_PENALTY_FIELD_NUMBER: _ClassVar[int]
    PRESENCE_PENALTY_FIELD_NUMBER: _ClassVar[int]
    PENALTY_WINDOW_FIELD_NUMBER: _ClassVar[int]
    DRY_MULTIPLIER_FIELD_NUMBER: _ClassVar[int]
    DRY_BASE_FIELD_NUMBER: _ClassVar[int]
    DRY_ALLOWED_LENGTH_FIELD_NUMBER: _ClassVar[int]
    DRY_WINDOW_FIELD_NUMBER: _ClassVar[int]
    DRY_SEQUENCE_BREAKERS_FIELD_NUMBER: _ClassVar[int]
    MIROSTAT_FIELD_NUMBER: _ClassVar[int]
    MIROSTAT_TAU_FIELD_NUMBER: _ClassVar[int]
    MIROSTAT_ETA_FIELD_NUMBER: _ClassVar[int]
    LOGIT_BIAS_FIELD_NUMBER: _ClassVar[int]
    MIN_TOKENS_FIELD_NUMBER: _ClassVar[int]
    IGNORE_EOS_FIELD_NUMBER: _ClassVar[int]
    temperature: float
    dynamic_temperature_range: float
    dynamic_temperature_exponent: float
    top_k: int
    top_p: float
    min_p: float
    typical_p: float
    xtc_probability: float
    xtc_threshold: float
    repetition_penalty: float
    frequency_penalty: float
    presence_penalty: float
    penalty_window: int
    dry_multiplier: float
    dry_base: float
    dry_allowed_length: int
    dry_window: int
    dry_sequence_breakers: _containers.RepeatedScalarFieldContainer[str]
    mirostat: int
    mirostat_tau: float
    mirostat_eta: float
    logit_bias: _containers.RepeatedCompositeFieldContainer[LogitBias]
    min_tokens: int
    ignore_eos: bool
    def __init__(self, temperature: _Optional[float] = ..., dynamic_temperature_range: _Optional[float] = ..., dynamic_temperature_exponent: _Optional[float] = ..., top_k: _Optional[int] = ..., top_p: _Optional[float] = ..., min_p: _Optional[float] = ..., typical_p: _Optional[float] = ..., xtc_probability: _Optional[float] = ..., xtc_threshold: _Optional[float] = ..., repetition_penalty: _Optional[float] = ..., frequency_penalty: _Optional[float] = ..., presence_penalty: _Optional[float] = ..., penalty_window: _Optional[int] = ..., dry_multiplier: _Optional[float] = ..., dry_base: _Optional[float] = ..., dry_allowed_length: _Optional[int] = ..., dry_window: _Optional[int] = ..., dry_sequence_breakers: _Optional[_Iterable[str]] = ..., mirostat: _Optional[int] = ..., mirostat_tau: _Optional[float] = ..., mirostat_eta: _Optional[float] = ..., logit_bias: _Optional[_Iterable[_Union[LogitBias, _Mapping]]] = ..., min_tokens: _Optional[int] = ..., ignore_eos: _Optional[bool] = ...) -> None: ...

class LogitBias(_message.Message):
    __slots__ = ("token", "bias")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    BIAS_FIELD_NUMBER: _ClassVar[int]
    token: int
    bias: float
    def __init__(self, token: _Optional[int] = ..., bias: _Optional[float] = ...) -> None: ...

class Constraint(_message.Message):
    __slots__ = ("json_schema", "gbnf", "regex", "start_after", "triggers")
    JSON_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    GBNF_FIELD_NUMBER: _ClassVar[int]
    REGEX_FIELD_NUMBER: _ClassVar[int]
    START_AFTER_FIELD_NUMBER: _ClassVar[int]
    TRIGGERS_FIELD_NUMBER: _ClassVar[int]
    json_schema: str
    gbnf: str
    regex: str
    start_after: str
    triggers: _containers.RepeatedCompositeFieldContainer[Trigger]
    def __init__(self, json_schema: _Optional[str] = ..., gbnf: _Optional[str] = ..., regex: _Optional[str] = ..., start_after: _Optional[str] = ..., triggers: _Optional[_Iterable[_Union[Trigger, _Mapping]]] = ...) -> None: ...

class Trigger(_message.Message):
    __slots__ = ("text", "regex", "token")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    REGEX_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    text: str
    regex: str
    token: int
    def __init__(self, text: _Optional[str] = ..., regex: _Optional[str] = ..., token: _Optional[int] = ...) -> None: ...

class Speculation(_message.Message):
    __slots__ = ("proposer", "length", "min_length", "min_probability", "max_length", "draft_revision")
    PROPOSER_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    MIN_LENGTH_FIELD_NUMBER: _ClassVar[int]
    MIN_PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    MAX_LENGTH_FIELD_NUMBER: _ClassVar[int]
    DRAFT_REVISION_FIELD_NUMBER: _ClassVar[int]
    proposer: Proposer
    length: int
    min_length: int
    min_probability: float
    max_length: int
    draft_revision: int
    def __init__(self, proposer: _Optional[_Union[Proposer, str]] = ..., length: _Optional[int] = ..., min_length: _Optional[int] = ..., min_probability: _Optional[float] = ..., max_length: _Optional[int] = ..., draft_revision: _Optional[int] = ...) -> None: ...

class GenerateResponse(_message.Message):
    __slots__ = ("progress", "step", "finished")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    FINISHED_FIELD_NUMBER: _ClassVar[int]
    progress: PromptProgress
    step: DecodeStep
    finished: Finished
    def __init__(self, progress: _Optional[_Union[PromptProgress, _Mapping]] = ..., step: _Optional[_Union[DecodeStep, _Mapping]] = ..., finished: _Optional[_Union[Finished, _Mapping]] = ...) -> None: ...

class PromptProgress(_message.Message):
    __slots__ = ("processed", "total", "cached")
    PROCESSED_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    CACHED_FIELD_NUMBER: _ClassVar[int]
    processed: int
    total: int
    cached: int
    def __init__(self, processed: _Optional[int] = ..., total: _Optional[int] = ..., cached: _Optional[int] = ...) -> None: ...

class DecodeStep(_message.Message):
    __slots__ = ("tokens",)
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    tokens: _containers.RepeatedCompositeFieldContainer[Token]
    def __init__(self, tokens: _Optional[_Iterable[_Union[Token, _Mapping]]] = ...) -> None: ...

class Token(_message.Message):
    __slots__ = ("id", "piece", "origin", "control", "control_text", "logprob", "top_logprobs")
    ID_FIELD_NUMBER: _ClassVar[int]
    PIECE_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    CONTROL_FIELD_NUMBER: _ClassVar[int]
    CONTROL_TEXT_FIELD_NUMBER: _ClassVar[int]
    LOGPROB_FIELD_NUMBER: _ClassVar[int]
    TOP_LOGPROBS_FIELD_NUMBER: _ClassVar[int]
    id: int
    piece: bytes
    origin: Origin
    control: bool
    control_text: str
    logprob: float
    top_logprobs: _containers.RepeatedCompositeFieldContainer[TokenLogprob]
    def __init__(self, id: _Optional[int] = ..., piece: _Optional[bytes] = ..., origin: _Optional[_Union[Origin, str]] = ..., control: _Optional[bool] = ..., control_text: _Optional[str] = ..., logprob: _Optional[float] = ..., top_logprobs: _Optional[_Iterable[_Union[TokenLogprob, _Mapping]]] = ...) -> None: ...

class TokenLogprob(_message.Message):
    __slots__ = ("id", "piece", "logprob")
    ID_FIELD_NUMBER: _ClassVar[int]
    PIECE_FIELD_NUMBER: _ClassVar[int]
    LOGPROB_FIELD_NUMBER: _ClassVar[int]
    id: int
    piece: bytes
    logprob: float
    def __init__(self, id: _Optional[int] = ..., piece: _Optional[bytes] = ..., logprob: _Optional[float] = ...) -> None: ...

class Finished(_message.Message):
    __slots__ = ("reason", "stop_string", "prompt_tokens", "cached_tokens", "emitted_tokens", "prompt_seconds", "generation_seconds", "queue_seconds", "speculation", "speculation_note", "seed", "dropped_tokens")
    REASON_FIELD_NUMBER: _ClassVar[int]
    STOP_STRING_FIELD_NUMBER: _ClassVar[int]
    PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    EMITTED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    PROMPT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    GENERATION_SECONDS_FIELD_NUMBER: _ClassVar[int]
    QUEUE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    SPECULATION_FIELD_NUMBER: _ClassVar[int]
    SPECULATION_NOTE_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    DROPPED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    reason: FinishReason
    stop_string: str
    prompt_tokens: int
    cached_tokens: int
    emitted_tokens: int
    prompt_seconds: float
    generation_seconds: float
    queue_seconds: float
    speculation: SpeculationCounters
    speculation_note: str
    seed: int
    dropped_tokens: int
    def __init__(self, reason: _Optional[_Union[FinishReason, str]] = ..., stop_string: _Optional[str] = ..., prompt_tokens: _Optional[int] = ..., cached_tokens: _Optional[int] = ..., emitted_tokens: _Optional[int] = ..., prompt_seconds: _Optional[float] = ..., generation_seconds: _Optional[float] = ..., queue_seconds: _Optional[float] = ..., speculation: _Optional[_Union[SpeculationCounters, _Mapping]] = ..., speculation_note: _Optional[str] = ..., seed: _Optional[int] = ..., dropped_tokens: _Optional[int] = ...) -> None: ...

class SpeculationCounters(_message.Message):
    __slots__ = ("drafted", "accepted", "rejected", "ignored", "draft_passes", "main_passes", "decided_by_position", "accepted_by_position", "proposer", "draft_key", "mean_length", "steps_by_length")
    DRAFTED_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    REJECTED_FIELD_NUMBER: _ClassVar[int]
    IGNORED_FIELD_NUMBER: _ClassVar[int]
    DRAFT_PASSES_FIELD_NUMBER: _ClassVar[int]
    MAIN_PASSES_FIELD_NUMBER: _ClassVar[int]
    DECIDED_BY_POSITION_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_BY_POSITION_FIELD_NUMBER: _ClassVar[int]
    PROPOSER_FIELD_NUMBER: _ClassVar[int]
    DRAFT_KEY_FIELD_NUMBER: _ClassVar[int]
    MEAN_LENGTH_FIELD_NUMBER: _ClassVar[int]
    STEPS_BY_LENGTH_FIELD_NUMBER: _ClassVar[int]
    drafted: int
    accepted: int
    rejected: int
    ignored: int
    draft_passes: int
    main_passes: int
    decided_by_position: _containers.RepeatedScalarFieldContainer[int]
    accepted_by_position: _containers.RepeatedScalarFieldContainer[int]
    proposer: Proposer
    draft_key: str
    mean_length: float
    steps_by_length: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, drafted: _Optional[int] = ..., accepted: _Optional[int] = ..., rejected: _Optional[int] = ..., ignored: _Optional[int] = ..., draft_passes: _Optional[int] = ..., main_passes: _Optional[int] = ..., decided_by_position: _Optional[_Iterable[int]] = ..., accepted_by_position: _Optional[_Iterable[int]] = ..., proposer: _Optional[_Union[Proposer, str]] = ..., draft_key: _Optional[str] = ..., mean_length: _Optional[float] = ..., steps_by_length: _Optional[_Iterable[int]] = ...) -> None: ...

class TokenizeRequest(_message.Message):
    __slots__ = ("prompt", "with_pieces")
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    WITH_PIECES_FIELD_NUMBER: _ClassVar[int]
    prompt: Prompt
    with_pieces: bool
    def __init__(self, prompt: _Optional[_Union[Prompt, _Mapping]] = ..., with_pieces: _Optional[bool] = ...) -> None: ...

class TokenizeResponse(_message.Message):
    __slots__ = ("ids", "pieces")
    IDS_FIELD_NUMBER: _ClassVar[int]
    PIECES_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedScalarFieldContainer[int]
    pieces: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, ids: _Optional[_Iterable[int]] = ..., pieces: _Optional[_Iterable[bytes]] = ...) -> None: ...

class DetokenizeRequest(_message.Message):
    __slots__ = ("ids", "with_control")
    IDS_FIELD_NUMBER: _ClassVar[int]
    WITH_CONTROL_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedScalarFieldContainer[int]
    with_control: bool
    def __init__(self, ids: _Optional[_Iterable[int]] = ..., with_control: _Optional[bool] = ...) -> None: ...

class DetokenizeResponse(_message.Message):
    __slots__ = ("text",)
    TEXT_FIELD_NUMBER: _ClassVar[int]
    text: bytes
    def __init__(self, text: _Optional[bytes] = ...) -> None: ...

class EmbedRequest(_message.Message):
    __slots__ = ("inputs", "normalize", "overflow")
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    NORMALIZE_FIELD_NUMBER: _ClassVar[int]
    OVERFLOW_FIELD_NUMBER: _ClassVar[int]
    inputs: _containers.RepeatedCompositeFieldContainer[Prompt]
    normalize: bool
    overflow: Overflow
    def __init__(self, inputs: _Optional[_Iterable[_Union[Prompt, _Mapping]]] = ..., normalize: _Optional[bool] = ..., overflow: _Optional[_Union[Overflow, str]] = ...) -> None: ...

class EmbedResponse(_message.Message):
    __slots__ = ("embeddings",)
    EMBEDDINGS_FIELD_NUMBER: _ClassVar[int]
    embeddings: _containers.RepeatedCompositeFieldContainer[Embedding]
    def __init__(self, embeddings: _Optional[_Iterable[_Union[Embedding, _Mapping]]] = ...) -> None: ...

class Embedding(_message.Message):
    __slots__ = ("values", "token_count")
    VALUES_FIELD_NUMBER: _ClassVar[int]
    TOKEN_COUNT_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[float]
    token_count: int
    def __init__(self, values: _Optional[_Iterable[float]] = ..., token_count: _Optional[int] = ...) -> None: ...

class StatsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StatsResponse(_message.Message):
    __slots__ = ("state", "waiting", "slots", "kv_used", "kv_size", "memory", "speculation", "cost", "draft_cost", "acceptance", "steps", "heartbeats", "slowest", "requests_finished", "tokens_emitted", "prompt_tokens_processed", "prompt_tokens_cached", "draft", "resident_private", "decisions")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[StatsResponse.State]
        STATE_EMPTY: _ClassVar[StatsResponse.State]
        STATE_LOADING: _ClassVar[StatsResponse.State]
        STATE_READY: _ClassVar[StatsResponse.State]
        STATE_DRAINING: _ClassVar[StatsResponse.State]
    STATE_UNSPECIFIED: StatsResponse.State
    STATE_EMPTY: StatsResponse.State
    STATE_LOADING: StatsResponse.State
    STATE_READY: StatsResponse.State
    STATE_DRAINING: StatsResponse.State
    STATE_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    KV_USED_FIELD_NUMBER: _ClassVar[int]
    KV_SIZE_FIELD_NUMBER: _ClassVar[int]
    MEMORY_FIELD_NUMBER: _ClassVar[int]
    SPECULATION_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    DRAFT_COST_FIELD_NUMBER: _ClassVar[int]
    ACCEPTANCE_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    HEARTBEATS_FIELD_NUMBER: _ClassVar[int]
    SLOWEST_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_FINISHED_FIELD_NUMBER: _ClassVar[int]
    TOKENS_EMITTED_FIELD_NUMBER: _ClassVar[int]
    PROMPT_TOKENS_PROCESSED_FIELD_NUMBER: _ClassVar[int]
    PROMPT_TOKENS_CACHED_FIELD_NUMBER: _ClassVar[int]
    DRAFT_FIELD_NUMBER: _ClassVar[int]
    RESIDENT_PRIVATE_FIELD_NUMBER: _ClassVar[int]
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    state: StatsResponse.State
    waiting: int
    slots: _containers.RepeatedCompositeFieldContainer[Slot]
    kv_used: int
    kv_size: int
    memory: _containers.RepeatedCompositeFieldContainer[DeviceMemory]
    speculation: SpeculationCounters
    cost: CostCurve
    draft_cost: CostCurve
    acceptance: AcceptancePrior
    steps: int
    heartbeats: int
    slowest: CostCurve
    requests_finished: int
    tokens_emitted: int
    prompt_tokens_processed: int
    prompt_tokens_cached: int
    draft: DraftInfo
    resident_private: int
    decisions: _containers.RepeatedCompositeFieldContainer[LengthDecision]
    def __init__(self, state: _Optional[_Union[StatsResponse.State, str]] = ..., waiting: _Optional[int] = ..., slots: _Optional[_Iterable[_Union[Slot, _Mapping]]] = ..., kv_used: _Optional[int] = ..., kv_size: _Optional[int] = ..., memory: _Optional[_Iterable[_Union[DeviceMemory, _Mapping]]] = ..., speculation: _Optional[_Union[SpeculationCounters, _Mapping]] = ..., cost: _Optional[_Union[CostCurve, _Mapping]] = ..., draft_cost: _Optional[_Union[CostCurve, _Mapping]] = ..., acceptance: _Optional[_Union[AcceptancePrior, _Mapping]] = ..., steps: _Optional[int] = ..., heartbeats: _Optional[int] = ..., slowest: _Optional[_Union[CostCurve, _Mapping]] = ..., requests_finished: _Optional[int] = ..., tokens_emitted: _Optional[int] = ..., prompt_tokens_processed: _Optional[int] = ..., prompt_tokens_cached: _Optional[int] = ..., draft: _Optional[_Union[DraftInfo, _Mapping]] = ..., resident_private: _Optional[int] = ..., decisions: _Optional[_Iterable[_Union[LengthDecision, _Mapping]]] = ...) -> None: ...

class Slot(_message.Message):
    __slots__ = ("id", "phase", "request_id", "tokens", "emitted", "seconds")
    class Phase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        PHASE_UNSPECIFIED: _ClassVar[Slot.Phase]
        PHASE_IDLE: _ClassVar[Slot.Phase]
        PHASE_PROMPT: _ClassVar[Slot.Phase]
        PHASE_DECODE: _ClassVar[Slot.Phase]
        PHASE_PAUSED: _ClassVar[Slot.Phase]
    PHASE_UNSPECIFIED: Slot.Phase
    PHASE_IDLE: Slot.Phase
    PHASE_PROMPT: Slot.Phase
    PHASE_DECODE: Slot.Phase
    PHASE_PAUSED: Slot.Phase
    ID_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    EMITTED_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    id: int
    phase: Slot.Phase
    request_id: str
    tokens: int
    emitted: int
    seconds: float
    def __init__(self, id: _Optional[int] = ..., phase: _Optional[_Union[Slot.Phase, str]] = ..., request_id: _Optional[str] = ..., tokens: _Optional[int] = ..., emitted: _Optional[int] = ..., seconds: _Optional[float] = ...) -> None: ...

class LengthDecision(_message.Message):
    __slots__ = ("request_id", "length", "expected_gain", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_GAIN_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    length: int
    expected_gain: float
    reason: str
    def __init__(self, request_id: _Optional[str] = ..., length: _Optional[int] = ..., expected_gain: _Optional[float] = ..., reason: _Optional[str] = ...) -> None: ...

class DrainRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DrainResponse(_message.Message):
    __slots__ = ("finished",)
    FINISHED_FIELD_NUMBER: _ClassVar[int]
    finished: int
    def __init__(self, finished: _Optional[int] = ...) -> None: ...

class ShutdownRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ShutdownResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
