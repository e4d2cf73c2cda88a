//! The table of codes is what callers of older versions rely on.

use conductor_core::error::ErrorCode;
use serde_json::json;

/// Number, name, category, retryable, delay in ms, further attempts.
type Row = (u8, &'static str, &'static str, bool, Option<u32>, Option<u32>);

const TABLE: [Row; 22] = [
    (1, "VALIDATION_FAILED", "Validation", false, None, None),
    (2, "INVALID_PARAMETERS", "Validation", false, None, None),
    (3, "INVALID_NODE", "Validation", false, None, None),
    (4, "MISSING_REQUIRED_FIELD", "Validation", false, None, None),
    (5, "TYPE_MISMATCH", "Validation", false, None, None),
    (6, "EXECUTION_FAILED", "Execution", true, Some(1000), Some(3)),
    (7, "NODE_NOT_FOUND", "Execution", false, None, None),
    (8, "NODE_TYPE_NOT_FOUND", "Execution", false, None, None),
    (9, "IMPLEMENTATION_NOT_FOUND", "Execution", false, None, None),
    (10, "CIRCULAR_DEPENDENCY", "Execution", false, None, None),
    (11, "NO_EXECUTOR_FACTORY", "Execution", false, None, None),
    (12, "TIMEOUT", "Runtime", true, Some(1000), Some(3)),
    (13, "CANCELLED", "Runtime", false, None, None),
    (14, "MEMORY_LIMIT_EXCEEDED", "Runtime", false, None, None),
    (15, "RATE_LIMIT_EXCEEDED", "Runtime", true, Some(5000), Some(5)),
    (16, "TRANSPORT_ERROR", "Transport", true, Some(2000), Some(3)),
    (17, "NO_TRANSPORT", "Transport", false, None, None),
    (18, "IPC_COMMUNICATION_FAILED", "Transport", true, Some(2000), Some(3)),
    (19, "SERIALIZATION_FAILED", "Transport", false, None, None),
    (20, "DESERIALIZATION_FAILED", "Transport", false, None, None),
    (21, "INTERNAL_ERROR", "System", false, None, None),
    (22, "UNKNOWN_ERROR", "System", false, None, None),
];

#[test]
fn every_code_keeps_its_number_name_and_advice() {
    for (code, row) in ErrorCode::ALL.into_iter().zip(TABLE) {
        let (number, name, category, retryable, delay, attempts) = row;
        assert_eq!((code.number(), code.name()), (number, name));
        assert_eq!(format!("{:?}", code.category()), category, "{name}");
        assert_eq!(code.retryable(), retryable, "{name}");
        let recovery = code.recovery();
        assert_eq!((recovery.retry_delay_ms, recovery.max_retries), (delay, attempts), "{name}");
        assert!((1..=2).contains(&recovery.suggestions.len()), "{name}");
        assert_eq!(ErrorCode::from_name(name), Some(code));
        assert_eq!(ErrorCode::from_number(number), Some(code));
        assert_eq!(code.to_string(), name);
    }
    assert_eq!(ErrorCode::ALL.len(), TABLE.len());
}

#[test]
fn other_names_and_numbers_are_no_codes() {
    for name in ["", "timeout", "TIMEOUT ", "constructor"] {
        assert_eq!(ErrorCode::from_name(name), None);
    }
    for number in [0, 23, 255] {
        assert_eq!(ErrorCode::from_number(number), None);
    }
}

#[test]
fn recovery_is_written_as_javascript_reads_it() {
    let timeout = serde_json::to_value(ErrorCode::Timeout.recovery()).unwrap();
    assert_eq!(timeout["retryDelayMs"], json!(1000));
    assert_eq!(timeout["maxRetries"], json!(3));
    let cancelled = serde_json::to_value(ErrorCode::Cancelled.recovery()).unwrap();
    assert_eq!(cancelled["retryable"], json!(false));
    assert_eq!(cancelled.get("retryDelayMs"), None);
    assert_eq!(serde_json::to_value(ErrorCode::Timeout).unwrap(), json!("TIMEOUT"));
    assert_eq!(serde_json::from_value::<ErrorCode>(json!("TIMEOUT")).unwrap(), ErrorCode::Timeout);
    assert!(serde_json::from_value::<ErrorCode>(json!("LATE")).is_err());
}
