"""The public headers for ctypes. Made by generate_signatures.py: change the headers instead."""
from ctypes import (CFUNCTYPE, POINTER, Structure, c_char_p, c_double, c_int32, c_size_t, c_uint32,
                    c_uint64, c_void_p)

SPEEDUP_OK = 0
SPEEDUP_OUT_OF_MEMORY = 1
SPEEDUP_INVALID_ARGUMENT = 2
SPEEDUP_NOT_FOUND = 3
SPEEDUP_CALLBACK = 4
SPEEDUP_CANCELLED = 5
SPEEDUP_SYNTAX = 101
SPEEDUP_EMPTY = 102
SPEEDUP_NOT_TEXT = 103
SPEEDUP_SEVERAL_DOCUMENTS = 104
SPEEDUP_ALIAS = 105
SPEEDUP_TAG = 106
SPEEDUP_UNKNOWN_KEY = 107
SPEEDUP_DUPLICATE_KEY = 108
SPEEDUP_MISSING_KEY = 109
SPEEDUP_WRONG_TYPE = 110
SPEEDUP_TOO_DEEP = 111
SPEEDUP_TOO_MANY_NODES = 112
SPEEDUP_TOO_LARGE = 113
SPEEDUP_UNREADABLE = 114
SPEEDUP_NOT_A_FILE = 115
SPEEDUP_BAD_NUMBER = 201
SPEEDUP_BAD_UNIT = 202
SPEEDUP_WRONG_DIMENSION = 203
SPEEDUP_OUT_OF_RANGE = 204
SPEEDUP_NOT_FINITE = 205
SPEEDUP_UNKNOWN_CHOICE = 206
SPEEDUP_NOT_WHOLE = 207
SPEEDUP_UNKNOWN_ENTRY = 301
SPEEDUP_EXISTS = 302
SPEEDUP_NOTHING_TO_REPLACE = 303
SPEEDUP_CIRCULAR_BASE = 304
SPEEDUP_INCONSISTENT = 305
SPEEDUP_BAD_NAME = 306
SPEEDUP_UNSUPPORTED_MODEL = 307
SPEEDUP_UNKNOWN_TARGET = 401
SPEEDUP_EXPRESSION = 402
SPEEDUP_UNKNOWN_NAME = 403
SPEEDUP_DIVISION_BY_ZERO = 404
SPEEDUP_TOO_COMPLEX = 405
SPEEDUP_EXCLUDED = 406
SPEEDUP_REQUIREMENT = 407
SPEEDUP_CHOICE_CONFLICT = 408
SPEEDUP_UNKNOWN_PARAMETER = 409
SPEEDUP_BAD_EFFECT = 410
SPEEDUP_NOT_APPLICABLE = 411
SPEEDUP_DOES_NOT_DIVIDE = 501
SPEEDUP_NO_JOB = 502
SPEEDUP_UNSUPPORTED_PRECISION = 503
SPEEDUP_TOO_LONG = 504
SPEEDUP_BAD_SETTING = 505
SPEEDUP_NO_CLAIMS = 506
SPEEDUP_VARIABLE_ACCELERATORS = 0
SPEEDUP_VARIABLE_TENSOR = 1
SPEEDUP_VARIABLE_PIPELINE = 2
SPEEDUP_VARIABLE_DATA = 3
SPEEDUP_VARIABLE_CONTEXT = 4
SPEEDUP_VARIABLE_EXPERT = 5
SPEEDUP_VARIABLE_VIRTUAL_STAGES = 6
SPEEDUP_VARIABLE_MICRO_BATCH = 7
SPEEDUP_VARIABLE_ACCUMULATION = 8
SPEEDUP_VARIABLE_ENDS_AS_LAYERS = 9
SPEEDUP_VARIABLE_SEQUENCE = 10
SPEEDUP_VARIABLE_GLOBAL_BATCH = 11
SPEEDUP_VARIABLE_CONCURRENCY = 12
SPEEDUP_VARIABLE_PROMPT = 13
SPEEDUP_VARIABLE_OUTPUT = 14
SPEEDUP_VARIABLE_LAYERS = 15
SPEEDUP_VARIABLE_HIDDEN = 16
SPEEDUP_VARIABLE_HEADS = 17
SPEEDUP_VARIABLE_KV_HEADS = 18
SPEEDUP_VARIABLE_HEAD_DIM = 19
SPEEDUP_VARIABLE_FFN = 20
SPEEDUP_VARIABLE_VOCAB = 21
SPEEDUP_VARIABLE_EXPERTS = 22
SPEEDUP_VARIABLE_ACTIVE_EXPERTS = 23
SPEEDUP_VARIABLE_GATED = 24
SPEEDUP_VARIABLE_PARAMETERS = 25
SPEEDUP_VARIABLE_MEMORY = 26
SPEEDUP_VARIABLE_BANDWIDTH = 27
SPEEDUP_VARIABLE_LINK = 28
SPEEDUP_VARIABLE_NETWORK = 29
SPEEDUP_VARIABLE_HOST_LINK = 30
SPEEDUP_VARIABLE_NODE_ACCELERATORS = 31
SPEEDUP_VARIABLE_DOMAIN = 32
SPEEDUP_VARIABLE_COMPUTE_CAPABILITY = 33
SPEEDUP_VARIABLE_ATTENTION_DATA = 34
SPEEDUP_VARIABLE_PEAK_FP4 = 35
SPEEDUP_VARIABLE_QUERY_ENDS = 36
SPEEDUP_VARIABLE_KEY_ENDS = 37
SPEEDUP_VARIABLE_VALUE_ENDS = 38
SPEEDUP_VARIABLE_OUTPUT_ENDS = 39
SPEEDUP_VARIABLE_GATE_ENDS = 40
SPEEDUP_VARIABLE_UP_ENDS = 41
SPEEDUP_VARIABLE_DOWN_ENDS = 42
SPEEDUP_VARIABLE_EXPERT_ENDS = 43
SPEEDUP_VARIABLE_TABLE_PARAMETERS = 44
SPEEDUP_VARIABLE_MEMORY_SHOWN = 45
SPEEDUP_VARIABLE_EXPERT_FFN = 46
SPEEDUP_VARIABLE_WINDOW = 47
SPEEDUP_VARIABLE_COUNT = 48
SPEEDUP_METRIC_STATUS = 0
SPEEDUP_METRIC_FITS = 1
SPEEDUP_METRIC_STEP_SECONDS = 2
SPEEDUP_METRIC_TOKENS_PER_SECOND = 3
SPEEDUP_METRIC_TOKENS_PER_SECOND_PER_ACCELERATOR = 4
SPEEDUP_METRIC_MODEL_FLOPS_PER_SECOND = 5
SPEEDUP_METRIC_MODEL_UTILIZATION = 6
SPEEDUP_METRIC_HARDWARE_UTILIZATION = 7
SPEEDUP_METRIC_TIME_MATMUL = 8
SPEEDUP_METRIC_TIME_EXPERT = 9
SPEEDUP_METRIC_TIME_ATTENTION = 10
SPEEDUP_METRIC_TIME_POINTWISE = 11
SPEEDUP_METRIC_TIME_HEAD = 12
SPEEDUP_METRIC_TIME_LAUNCH = 13
SPEEDUP_METRIC_TIME_TENSOR = 14
SPEEDUP_METRIC_TIME_CONTEXT = 15
SPEEDUP_METRIC_TIME_EXCHANGE = 16
SPEEDUP_METRIC_TIME_SEND = 17
SPEEDUP_METRIC_TIME_IMBALANCE = 18
SPEEDUP_METRIC_TIME_BUBBLE = 19
SPEEDUP_METRIC_TIME_DATA = 20
SPEEDUP_METRIC_TIME_OPTIMIZER = 21
SPEEDUP_METRIC_TIME_HOST = 22
SPEEDUP_METRIC_TIME_FIXED = 23
SPEEDUP_METRIC_MEMORY_PEAK = 24
SPEEDUP_METRIC_MEMORY_WEIGHTS = 25
SPEEDUP_METRIC_MEMORY_GRADIENTS = 26
SPEEDUP_METRIC_MEMORY_OPTIMIZER = 27
SPEEDUP_METRIC_MEMORY_ACTIVATIONS = 28
SPEEDUP_METRIC_MEMORY_RESIDUAL = 29
SPEEDUP_METRIC_MEMORY_SCORES = 30
SPEEDUP_METRIC_MEMORY_LOGITS = 31
SPEEDUP_METRIC_MEMORY_KV = 32
SPEEDUP_METRIC_MEMORY_BUFFERS = 33
SPEEDUP_METRIC_MEMORY_RUNTIME = 34
SPEEDUP_METRIC_MEMORY_HEADROOM = 35
SPEEDUP_METRIC_OUT_OF_MEMORY = 36
SPEEDUP_METRIC_STEPS = 37
SPEEDUP_METRIC_RUN_SECONDS = 38
SPEEDUP_METRIC_RUN_EXPECTED_SECONDS = 39
SPEEDUP_METRIC_ACCELERATOR_HOURS = 40
SPEEDUP_METRIC_COST = 41
SPEEDUP_METRIC_ENERGY = 42
SPEEDUP_METRIC_TIME_SIGMA = 43
SPEEDUP_METRIC_MEMORY_SIGMA = 44
SPEEDUP_METRIC_TIME_TO_FIRST_TOKEN = 45
SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN = 46
SPEEDUP_METRIC_REQUEST_SECONDS = 47
SPEEDUP_METRIC_PREFILL_SECONDS = 48
SPEEDUP_METRIC_DECODE_SECONDS = 49
SPEEDUP_METRIC_LONGEST_GAP = 50
SPEEDUP_METRIC_QUEUE_SECONDS = 51
SPEEDUP_METRIC_TIME_INTERFERENCE = 52
SPEEDUP_METRIC_TIME_DRAFT = 53
SPEEDUP_METRIC_BATCH = 54
SPEEDUP_METRIC_OCCUPANCY = 55
SPEEDUP_METRIC_MAX_CONCURRENCY = 56
SPEEDUP_METRIC_LOAD = 57
SPEEDUP_METRIC_REQUESTS_PER_SECOND = 58
SPEEDUP_METRIC_MEETS_TARGETS = 59
SPEEDUP_METRIC_PREFILL_BOUND = 60
SPEEDUP_METRIC_DECODE_BOUND = 61
SPEEDUP_METRIC_BANDWIDTH_USED = 62
SPEEDUP_METRIC_COST_INPUT = 63
SPEEDUP_METRIC_COST_OUTPUT = 64
SPEEDUP_METRIC_ENERGY_INPUT = 65
SPEEDUP_METRIC_ENERGY_OUTPUT = 66
SPEEDUP_METRIC_FIRST_TOKEN_SIGMA = 67
SPEEDUP_METRIC_MEMORY_HOST = 68
SPEEDUP_METRIC_CONCURRENCY_AT_TARGETS = 69
SPEEDUP_METRIC_REQUESTS_AT_TARGETS = 70
SPEEDUP_METRIC_PREFILL_UTILIZATION = 71
SPEEDUP_METRIC_DECODE_UTILIZATION = 72
SPEEDUP_METRIC_PREFILL_QUEUE_SECONDS = 73
SPEEDUP_METRIC_TRANSFER_SECONDS = 74
SPEEDUP_METRIC_TRANSFER_BYTES = 75
SPEEDUP_METRIC_PREFILL_MEMORY = 76
SPEEDUP_METRIC_TIME_CAST = 77
SPEEDUP_METRIC_MEMORY_ALLOCATED = 78
SPEEDUP_METRIC_MEMORY_RESERVED = 79
SPEEDUP_METRIC_POWER = 80
SPEEDUP_METRIC_ENERGY_SIGMA = 81
SPEEDUP_METRIC_MEMORY_NEEDED = 82
SPEEDUP_METRIC_TIME_ROLLOUT = 83
SPEEDUP_METRIC_MEMORY_ROLLOUT = 84
SPEEDUP_METRIC_TIME_EVALUATION = 85
SPEEDUP_METRIC_TIME_TO_FIRST_TOKEN_P50 = 86
SPEEDUP_METRIC_TIME_TO_FIRST_TOKEN_P90 = 87
SPEEDUP_METRIC_TIME_TO_FIRST_TOKEN_P99 = 88
SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN_P50 = 89
SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN_P90 = 90
SPEEDUP_METRIC_TIME_PER_OUTPUT_TOKEN_P99 = 91
SPEEDUP_METRIC_REQUEST_SECONDS_P50 = 92
SPEEDUP_METRIC_REQUEST_SECONDS_P90 = 93
SPEEDUP_METRIC_REQUEST_SECONDS_P99 = 94
SPEEDUP_METRIC_CACHE_BYTES = 95
SPEEDUP_METRIC_CACHE_TOKENS = 96
SPEEDUP_METRIC_LONGEST_REQUEST = 97
SPEEDUP_METRIC_COUNT = 98
SPEEDUP_FORMAT_TEXT = 0
SPEEDUP_FORMAT_JSON = 1
SPEEDUP_LIMIT_MEMORY = 1
SPEEDUP_LIMIT_WINDOW = 2
SPEEDUP_LIMIT_RANGE = 3
SPEEDUP_LIMIT_RULE = 4
SPEEDUP_ENTRY_MODEL = 0
SPEEDUP_ENTRY_SYSTEM = 1
SPEEDUP_ENTRY_ACCELERATOR = 2
SPEEDUP_ENTRY_STACK = 3
SPEEDUP_ENTRY_PRICE = 4
SPEEDUP_RESOURCE_ANY = -1
SPEEDUP_RESOURCE_MEMORY = 0
SPEEDUP_RESOURCE_HOST_MEMORY = 1
SPEEDUP_RESOURCE_DEADLINE = 2
SPEEDUP_RESOURCE_BUDGET = 3
SPEEDUP_RESOURCE_POWER = 4
SPEEDUP_RESOURCE_FIRST_TOKEN = 5
SPEEDUP_RESOURCE_TOKEN = 6
SPEEDUP_RESOURCE_RATE = 7
SPEEDUP_RESOURCE_ACCELERATORS = 8
SPEEDUP_RESOURCE_PRODUCTS = 9
SPEEDUP_RESOURCE_BANDWIDTH = 10
SPEEDUP_RESOURCE_LINK = 11
SPEEDUP_RESOURCE_NETWORK = 12
SPEEDUP_RESOURCE_COUNT = 13
SPEEDUP_REFUSE = 0
SPEEDUP_WARN = 1
SPEEDUP_ADMIT = 2
SPEEDUP_REASON_MEMORY = 1
SPEEDUP_REASON_TIME = 2
SPEEDUP_REASON_BUDGET = 4
SPEEDUP_REASON_ACCELERATORS = 8
SPEEDUP_REASON_INPUT = 16
SPEEDUP_REASON_TARGETS = 32
SPEEDUP_REASON_LOAD = 64
SPEEDUP_NOTE_UNCALIBRATED = 1
SPEEDUP_NOTE_LONG = 2
SPEEDUP_VERSION_MAJOR = 0
SPEEDUP_VERSION_MINOR = 2
SPEEDUP_VERSION_PATCH = 0


class speedup_context(Structure):
    """Opaque."""


class speedup_allocator(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("user", c_void_p),
        ("allocate", CFUNCTYPE(c_void_p, c_void_p, c_size_t)),
        ("resize", CFUNCTYPE(c_void_p, c_void_p, c_void_p, c_size_t)),
        ("release", CFUNCTYPE(None, c_void_p, c_void_p)),
    ]


speedup_log_function = CFUNCTYPE(None, c_void_p, c_int32, c_char_p)


speedup_destroy_function = CFUNCTYPE(None, c_void_p)


class speedup_word(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("name", c_char_p),
        ("phase", c_char_p),
        ("rule", c_char_p),
        ("unit", c_char_p),
        ("text", c_char_p),
        ("better", c_char_p),
        ("interval", c_char_p),
    ]


class speedup_optimization(Structure):
    """Opaque."""


class speedup_view(Structure):
    """Opaque."""


speedup_effect_function = CFUNCTYPE(c_double, c_void_p, POINTER(speedup_view))


class speedup_catalog(Structure):
    """Opaque."""


class speedup_claim(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("resources", POINTER(c_char_p)),
        ("resource_count", c_size_t),
        ("factor", c_double),
    ]


class speedup_share(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("resource", c_char_p),
        ("share", c_double),
    ]


class speedup_composition(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("nominal", c_double),
        ("guaranteed", c_double),
        ("effective", c_double),
        ("most", c_double),
    ]


class speedup_entry(Structure):
    """Opaque."""


class speedup_scenario(Structure):
    """Opaque."""


class speedup_column(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("id", c_int32),
        ("reserved", c_int32),
        ("values", POINTER(c_double)),
    ]


class speedup_text(Structure):
    """Opaque."""


class speedup_remedies(Structure):
    """Opaque."""


class speedup_remedy(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("ids", POINTER(c_char_p)),
        ("id_count", c_size_t),
        ("replaced", POINTER(c_char_p)),
        ("replaced_count", c_size_t),
        ("micro_batch", c_double),
        ("memory_peak", c_double),
        ("memory_needed", c_double),
        ("memory_host", c_double),
        ("lacking", c_double),
        ("step_seconds", c_double),
        ("out_of_memory", c_double),
        ("status", c_int32),
        ("fits", c_int32),
        ("alters_training", c_int32),
        ("reserved", c_int32),
    ]


class speedup_job(Structure):
    """Opaque."""


class speedup_space(Structure):
    """Opaque."""


class speedup_result(Structure):
    """Opaque."""


speedup_progress_function = CFUNCTYPE(c_int32, c_void_p, c_uint64, c_uint64)


class speedup_counts(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("size", c_uint64),
        ("searched", c_uint64),
        ("conflicting", c_uint64),
        ("not_dividing", c_uint64),
        ("not_fitting", c_uint64),
        ("constrained", c_uint64),
        ("feasible", c_uint64),
        ("off_target", c_uint64),
    ]


class speedup_worth(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("resource", c_int32),
        ("searched", c_int32),
        ("binds", c_int32),
        ("reserved", c_int32),
        ("have", c_double),
        ("more", c_double),
        ("objective", c_double),
        ("gain", c_double),
        ("unlimited", c_double),
        ("index", c_uint64),
    ]


class speedup_request(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("accelerators", c_double),
        ("memory", c_double),
        ("time_limit", c_double),
        ("budget", c_double),
    ]


class speedup_policy(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("confidence", c_double),
        ("slack", c_double),
        ("warn_only", c_int32),
        ("reserved", c_int32),
    ]


class speedup_verdict(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("verdict", c_int32),
        ("reasons", c_uint32),
        ("memory", c_double),
        ("seconds", c_double),
        ("cost", c_double),
        ("out_of_memory", c_double),
        ("accelerators", c_double),
        ("nearest_accelerators", c_double),
        ("nearest_memory", c_double),
        ("nearest_time_limit", c_double),
        ("nearest_budget", c_double),
        ("admissible", c_int32),
        ("notes", c_uint32),
        ("memory_low", c_double),
        ("memory_high", c_double),
        ("seconds_low", c_double),
        ("seconds_high", c_double),
        ("cost_low", c_double),
        ("cost_high", c_double),
        ("first_token", c_double),
        ("token", c_double),
        ("load", c_double),
        ("change", c_int32),
        ("reserved", c_int32),
        ("change_value", c_double),
        ("change_accelerators", c_double),
    ]


class speedup_contribution(Structure):
    _fields_ = [
        ("struct_size", c_size_t),
        ("id", c_char_p),
        ("waterfall", c_double),
        ("marginal", c_double),
        ("shapley", c_double),
        ("seconds", c_double),
        ("term_share", c_double),
        ("term_before", c_double),
        ("term_after", c_double),
        ("bytes", c_double),
        ("component_bytes", c_double),
        ("lacking", c_double),
        ("term", c_int32),
        ("component", c_int32),
        ("superseded", c_int32),
        ("reserved", c_int32),
    ]


class speedup_space_builder(Structure):
    """Opaque."""


# name: (result, parameters)
FUNCTIONS = {
    "speedup_status_name": (c_char_p, [c_int32]),
    "speedup_status_text": (c_char_p, [c_int32]),
    "speedup_status_remedy": (c_char_p, [c_int32]),
    "speedup_status_at": (c_int32, [c_size_t, POINTER(c_int32)]),
    "speedup_context_create": (c_int32, [POINTER(speedup_allocator), POINTER(POINTER(speedup_context))]),
    "speedup_context_destroy": (None, [POINTER(speedup_context)]),
    "speedup_context_set_log": (c_int32, [POINTER(speedup_context), speedup_log_function, c_void_p,
        speedup_destroy_function]),
    "speedup_diagnostic_count": (c_size_t, [POINTER(speedup_context)]),
    "speedup_diagnostic_text": (c_char_p, [POINTER(speedup_context), c_size_t]),
    "speedup_diagnostic_message": (c_char_p, [POINTER(speedup_context), c_size_t]),
    "speedup_diagnostic_remedy": (c_char_p, [POINTER(speedup_context), c_size_t]),
    "speedup_diagnostic_place": (c_int32, [POINTER(speedup_context), c_size_t, POINTER(c_int32),
        POINTER(c_char_p), POINTER(c_uint32), POINTER(c_uint32)]),
    "speedup_target_at": (c_int32, [c_size_t, POINTER(speedup_word)]),
    "speedup_rule_at": (c_int32, [c_size_t, POINTER(speedup_word)]),
    "speedup_variable_at": (c_int32, [c_size_t, POINTER(speedup_word)]),
    "speedup_precision_at": (c_int32, [c_size_t, POINTER(speedup_word)]),
    "speedup_view_variable": (c_double, [POINTER(speedup_view), c_int32]),
    "speedup_optimization_create": (c_int32, [POINTER(speedup_context), c_char_p, c_char_p,
        POINTER(POINTER(speedup_optimization))]),
    "speedup_optimization_destroy": (None, [POINTER(speedup_optimization)]),
    "speedup_optimization_set_source": (c_int32, [POINTER(speedup_optimization), c_char_p]),
    "speedup_optimization_applies_to": (c_int32, [POINTER(speedup_optimization), c_char_p]),
    "speedup_optimization_parameter": (c_int32, [POINTER(speedup_optimization), c_char_p, c_double,
        c_double, c_double, c_char_p]),
    "speedup_optimization_effect": (c_int32, [POINTER(speedup_optimization), c_char_p, c_char_p]),
    "speedup_optimization_callback": (c_int32, [POINTER(speedup_optimization), c_char_p,
        speedup_effect_function, c_void_p, speedup_destroy_function]),
    "speedup_optimization_require": (c_int32, [POINTER(speedup_optimization), c_char_p]),
    "speedup_optimization_exclude": (c_int32, [POINTER(speedup_optimization), c_char_p]),
    "speedup_optimization_supersede": (c_int32, [POINTER(speedup_optimization), c_char_p]),
    "speedup_optimization_claim": (c_int32, [POINTER(speedup_optimization), c_char_p, c_double, c_char_p]),
    "speedup_catalog_create": (c_int32, [POINTER(speedup_context), POINTER(POINTER(speedup_catalog))]),
    "speedup_catalog_extend": (c_int32, [POINTER(speedup_context), POINTER(speedup_catalog), c_char_p,
        c_char_p, c_size_t, POINTER(POINTER(speedup_catalog))]),
    "speedup_catalog_extend_file": (c_int32, [POINTER(speedup_context), POINTER(speedup_catalog), c_char_p,
        POINTER(POINTER(speedup_catalog))]),
    "speedup_catalog_register": (c_int32, [POINTER(speedup_context), POINTER(speedup_catalog),
        POINTER(speedup_optimization), POINTER(POINTER(speedup_catalog))]),
    "speedup_catalog_import_model": (c_int32, [POINTER(speedup_context), POINTER(speedup_catalog), c_char_p,
        c_char_p, c_size_t, c_char_p, POINTER(POINTER(speedup_catalog))]),
    "speedup_catalog_import_model_file": (c_int32, [POINTER(speedup_context), POINTER(speedup_catalog),
        c_char_p, c_char_p, POINTER(POINTER(speedup_catalog))]),
    "speedup_catalog_ref": (POINTER(speedup_catalog), [POINTER(speedup_catalog)]),
    "speedup_catalog_unref": (None, [POINTER(speedup_catalog)]),
    "speedup_kind_at": (c_int32, [c_size_t, POINTER(speedup_word)]),
    "speedup_catalog_count": (c_size_t, [POINTER(speedup_catalog), c_char_p]),
    "speedup_catalog_at": (c_int32, [POINTER(speedup_catalog), c_char_p, c_size_t, POINTER(c_char_p),
        POINTER(c_char_p)]),
    "speedup_catalog_number": (c_int32, [POINTER(speedup_catalog), c_char_p, c_char_p, c_char_p,
        POINTER(c_double)]),
    "speedup_claims_compose": (c_int32, [POINTER(speedup_claim), c_size_t, POINTER(speedup_share), c_size_t,
        POINTER(speedup_composition)]),
    "speedup_entry_create": (c_int32, [POINTER(speedup_context), c_char_p, c_char_p,
        POINTER(POINTER(speedup_entry))]),
    "speedup_entry_destroy": (None, [POINTER(speedup_entry)]),
    "speedup_entry_set_number": (c_int32, [POINTER(speedup_context), POINTER(speedup_entry), c_char_p,
        c_double]),
    "speedup_entry_set_text": (c_int32, [POINTER(speedup_context), POINTER(speedup_entry), c_char_p,
        c_char_p]),
    "speedup_entry_set_list": (c_int32, [POINTER(speedup_context), POINTER(speedup_entry), c_char_p]),
    "speedup_entry_add": (c_int32, [POINTER(speedup_context), POINTER(speedup_entry), c_char_p, c_char_p,
        POINTER(c_char_p), POINTER(c_double), c_size_t]),
    "speedup_entry_add_number": (c_int32, [POINTER(speedup_context), POINTER(speedup_entry), c_char_p,
        c_double]),
    "speedup_catalog_add": (c_int32, [POINTER(speedup_context), POINTER(speedup_catalog),
        POINTER(speedup_entry), POINTER(POINTER(speedup_catalog))]),
    "speedup_metric_at": (c_int32, [c_size_t, POINTER(speedup_word)]),
    "speedup_scenario_create": (c_int32, [POINTER(speedup_context), POINTER(speedup_catalog), c_char_p,
        c_char_p, c_size_t, POINTER(c_char_p), c_size_t, POINTER(POINTER(speedup_scenario))]),
    "speedup_scenario_create_file": (c_int32, [POINTER(speedup_context), POINTER(speedup_catalog), c_char_p,
        POINTER(c_char_p), c_size_t, POINTER(POINTER(speedup_scenario))]),
    "speedup_scenario_ref": (POINTER(speedup_scenario), [POINTER(speedup_scenario)]),
    "speedup_scenario_unref": (None, [POINTER(speedup_scenario)]),
    "speedup_scenario_estimate": (c_int32, [POINTER(speedup_scenario), POINTER(c_double), c_size_t]),
    "speedup_scenario_estimate_batch": (c_int32, [POINTER(speedup_scenario), POINTER(speedup_column),
        c_size_t, POINTER(speedup_column), c_size_t, c_size_t, c_uint32]),
    "speedup_metric_interval": (c_int32, [POINTER(c_double), c_size_t, c_int32, c_double, POINTER(c_double),
        POINTER(c_double)]),
    "speedup_text_get": (c_char_p, [POINTER(speedup_text)]),
    "speedup_text_destroy": (None, [POINTER(speedup_text)]),
    "speedup_report_estimate": (c_int32, [POINTER(speedup_context), POINTER(speedup_scenario), c_int32,
        POINTER(POINTER(speedup_text))]),
    "speedup_report_composition": (c_int32, [POINTER(speedup_context), POINTER(speedup_scenario), c_int32,
        POINTER(POINTER(speedup_text))]),
    "speedup_report_audit": (c_int32, [POINTER(speedup_context), POINTER(speedup_catalog), c_char_p,
        c_char_p, c_size_t, c_int32, POINTER(POINTER(speedup_text))]),
    "speedup_report_audit_file": (c_int32, [POINTER(speedup_context), POINTER(speedup_catalog), c_char_p,
        c_int32, POINTER(POINTER(speedup_text))]),
    "speedup_report_catalog": (c_int32, [POINTER(speedup_context), POINTER(speedup_catalog), c_char_p,
        c_char_p, c_int32, POINTER(POINTER(speedup_text))]),
    "speedup_report_format": (c_int32, [POINTER(speedup_context), POINTER(POINTER(speedup_text))]),
    "speedup_answer": (c_int32, [POINTER(speedup_context), c_char_p, c_size_t,
        POINTER(POINTER(speedup_text))]),
    "speedup_scenario_remedies": (c_int32, [POINTER(speedup_context), POINTER(speedup_scenario), c_double,
        POINTER(POINTER(speedup_remedies))]),
    "speedup_remedies_destroy": (None, [POINTER(speedup_remedies)]),
    "speedup_remedies_without": (c_int32, [POINTER(speedup_remedies), POINTER(speedup_remedy)]),
    "speedup_remedies_means_at": (c_int32, [POINTER(speedup_remedies), c_size_t, POINTER(speedup_remedy)]),
    "speedup_remedies_at": (c_int32, [POINTER(speedup_remedies), c_size_t, POINTER(speedup_remedy)]),
    "speedup_remedies_scenario": (c_int32, [POINTER(speedup_context), POINTER(speedup_remedies), c_size_t,
        POINTER(POINTER(speedup_scenario))]),
    "speedup_scenario_largest": (c_int32, [POINTER(speedup_context), POINTER(speedup_scenario), c_char_p,
        c_double, POINTER(c_double), POINTER(c_int32)]),
    "speedup_report_remedies": (c_int32, [POINTER(speedup_context), POINTER(speedup_remedies),
        POINTER(c_char_p), c_size_t, c_int32, POINTER(POINTER(speedup_text))]),
    "speedup_job_create": (c_int32, [POINTER(speedup_context), c_char_p, POINTER(POINTER(speedup_job))]),
    "speedup_job_destroy": (None, [POINTER(speedup_job)]),
    "speedup_job_set_number": (c_int32, [POINTER(speedup_context), POINTER(speedup_job), c_char_p,
        c_double]),
    "speedup_job_set_text": (c_int32, [POINTER(speedup_context), POINTER(speedup_job), c_char_p, c_char_p]),
    "speedup_job_add": (c_int32, [POINTER(speedup_context), POINTER(speedup_job), c_char_p, c_char_p,
        POINTER(c_char_p), POINTER(c_double), c_size_t]),
    "speedup_job_apply": (c_int32, [POINTER(speedup_context), POINTER(speedup_job), c_char_p]),
    "speedup_scenario_create_job": (c_int32, [POINTER(speedup_context), POINTER(speedup_catalog),
        POINTER(speedup_job), POINTER(POINTER(speedup_scenario))]),
    "speedup_scenario_entry": (c_int32, [POINTER(speedup_scenario), c_int32, POINTER(c_char_p)]),
    "speedup_scenario_price": (c_int32, [POINTER(speedup_scenario), POINTER(c_double)]),
    "speedup_scenario_variable": (c_int32, [POINTER(speedup_scenario), c_int32, POINTER(c_double)]),
    "speedup_scenario_optimization_at": (c_int32, [POINTER(speedup_scenario), c_size_t, POINTER(c_char_p),
        POINTER(c_int32)]),
    "speedup_space_create": (c_int32, [POINTER(speedup_context), POINTER(speedup_catalog), c_char_p,
        c_char_p, c_size_t, POINTER(c_char_p), c_size_t, POINTER(POINTER(speedup_space))]),
    "speedup_space_create_file": (c_int32, [POINTER(speedup_context), POINTER(speedup_catalog), c_char_p,
        POINTER(c_char_p), c_size_t, POINTER(POINTER(speedup_space))]),
    "speedup_space_ref": (POINTER(speedup_space), [POINTER(speedup_space)]),
    "speedup_space_unref": (None, [POINTER(speedup_space)]),
    "speedup_space_size": (c_uint64, [POINTER(speedup_space)]),
    "speedup_space_search": (c_int32, [POINTER(speedup_context), POINTER(speedup_space), c_uint64, c_uint64,
        c_uint32, speedup_progress_function, c_void_p, POINTER(POINTER(speedup_result))]),
    "speedup_space_bound": (c_int32, [POINTER(speedup_space), c_uint64, c_uint64, POINTER(c_double)]),
    "speedup_result_merge": (c_int32, [POINTER(speedup_context), POINTER(speedup_result),
        POINTER(speedup_result), POINTER(POINTER(speedup_result))]),
    "speedup_result_save": (c_size_t, [POINTER(speedup_result), c_void_p, c_size_t]),
    "speedup_result_load": (c_int32, [POINTER(speedup_context), POINTER(speedup_space), c_void_p, c_size_t,
        POINTER(POINTER(speedup_result))]),
    "speedup_result_destroy": (None, [POINTER(speedup_result)]),
    "speedup_result_counts": (c_int32, [POINTER(speedup_result), POINTER(speedup_counts)]),
    "speedup_result_gap": (c_int32, [POINTER(speedup_result), POINTER(c_double), POINTER(c_double)]),
    "speedup_result_near": (c_int32, [POINTER(speedup_result), c_int32, POINTER(c_uint64),
        POINTER(c_double)]),
    "speedup_result_best": (c_int32, [POINTER(speedup_result), c_size_t, POINTER(c_uint64)]),
    "speedup_result_front": (c_int32, [POINTER(speedup_result), c_size_t, POINTER(c_uint64)]),
    "speedup_space_estimate": (c_int32, [POINTER(speedup_space), c_uint64, POINTER(c_double), c_size_t,
        POINTER(c_double), c_size_t]),
    "speedup_space_scenario": (c_int32, [POINTER(speedup_context), POINTER(speedup_space), c_uint64,
        POINTER(POINTER(speedup_scenario))]),
    "speedup_result_worth": (c_int32, [POINTER(speedup_context), POINTER(speedup_result), c_uint32,
        POINTER(speedup_worth), POINTER(c_size_t)]),
    "speedup_report_plan": (c_int32, [POINTER(speedup_context), POINTER(speedup_result), c_int32,
        POINTER(POINTER(speedup_text))]),
    "speedup_report_plan_why": (c_int32, [POINTER(speedup_context), POINTER(speedup_result), c_uint32,
        c_int32, POINTER(POINTER(speedup_text))]),
    "speedup_admit": (c_int32, [POINTER(speedup_context), POINTER(speedup_catalog), c_char_p, c_size_t,
        POINTER(speedup_request), POINTER(speedup_policy), POINTER(speedup_verdict)]),
    "speedup_admit_file": (c_int32, [POINTER(speedup_context), POINTER(speedup_catalog), c_char_p,
        POINTER(speedup_request), POINTER(speedup_policy), POINTER(speedup_verdict)]),
    "speedup_report_verdict": (c_int32, [POINTER(speedup_context), POINTER(speedup_request),
        POINTER(speedup_verdict), c_int32, POINTER(POINTER(speedup_text))]),
    "speedup_scenario_attribute": (c_int32, [POINTER(speedup_context), POINTER(speedup_scenario),
        POINTER(speedup_contribution), POINTER(c_size_t)]),
    "speedup_scenario_next": (c_int32, [POINTER(speedup_context), POINTER(speedup_scenario),
        POINTER(speedup_contribution), POINTER(c_size_t)]),
    "speedup_report_contribution": (c_int32, [POINTER(speedup_context), POINTER(speedup_contribution),
        POINTER(POINTER(speedup_text))]),
    "speedup_space_builder_create": (c_int32, [POINTER(speedup_context),
        POINTER(POINTER(speedup_space_builder))]),
    "speedup_space_builder_create_file": (c_int32, [POINTER(speedup_context), c_char_p,
        POINTER(POINTER(speedup_space_builder))]),
    "speedup_space_builder_destroy": (None, [POINTER(speedup_space_builder)]),
    "speedup_space_builder_set_number": (c_int32, [POINTER(speedup_context), POINTER(speedup_space_builder),
        c_char_p, c_double]),
    "speedup_space_builder_set_text": (c_int32, [POINTER(speedup_context), POINTER(speedup_space_builder),
        c_char_p, c_char_p]),
    "speedup_space_builder_set_list": (c_int32, [POINTER(speedup_context), POINTER(speedup_space_builder),
        c_char_p]),
    "speedup_space_builder_add": (c_int32, [POINTER(speedup_context), POINTER(speedup_space_builder),
        c_char_p, c_char_p, POINTER(c_char_p), POINTER(c_double), c_size_t]),
    "speedup_space_builder_add_number": (c_int32, [POINTER(speedup_context), POINTER(speedup_space_builder),
        c_char_p, c_double]),
    "speedup_space_builder_apply": (c_int32, [POINTER(speedup_context), POINTER(speedup_space_builder),
        c_char_p]),
    "speedup_space_build": (c_int32, [POINTER(speedup_context), POINTER(speedup_catalog),
        POINTER(speedup_space_builder), POINTER(POINTER(speedup_space))]),
    "speedup_version": (c_char_p, []),
    "speedup_version_number": (c_int32, []),
    "speedup_version_check": (c_int32, [c_int32, c_int32, c_int32]),
}
