import { ClickHouseError } from '../http/errors.ts';

/** Upper bounds of an analyst's query, in the engine's units (seconds, bytes, rows). A query may ask for less. */
export const ANALYST_LIMITS = {
  max_execution_time: 30,
  max_memory_usage: 1_000_000_000,
  max_result_rows: 1_000_000,
  // One core for analysts: the other stays free for sales and the dashboard.
  max_threads: 1,
  // Rows at once: a tenth of the default, so that wide rows take little memory and a query soon hears that it should end.
  max_block_size: 8_192,
};

/** Result rows as the engine holds them; what is sent has its own bound (see output/delivery.ts). */
export const MAX_RESULT_BYTES = 256 * 1024 ** 2;

const CAPPED: Readonly<Record<string, number>> = {
  ...ANALYST_LIMITS,
  max_result_bytes: MAX_RESULT_BYTES,
  max_query_size: 262_144,
};

const words = (text: string): string[] => text.trim().split(/\s+/);
const prefixed = (prefix: string, names: string): string[] => words(names).map((name) => prefix + name);

/**
 * What an analyst may set, by name. Formats may look different and answers may be read differently; nothing here names a
 * file or an address, and nothing widens a limit.
 */
const ALLOWED = new Set([
  ...words(`
    log_comment extremes limit offset final readonly session_timezone
    join_use_nulls join_algorithm join_default_strictness any_join_distinct_right_table_keys join_any_take_last_row
    group_by_use_nulls aggregate_functions_null_for_empty transform_null_in union_default_mode intersect_default_mode
    except_default_mode prefer_column_name_to_alias count_distinct_implementation cast_keep_nullable
    cast_string_to_dynamic_use_inference cast_string_to_variant_use_inference
    enable_analyzer allow_experimental_analyzer enable_shared_storage_snapshot_in_query
    do_not_merge_across_partitions_select_final optimize_trivial_count_query optimize_read_in_order
    optimize_aggregation_in_order optimize_move_to_prewhere optimize_move_to_prewhere_if_final
    enable_named_columns_in_function_tuple short_circuit_function_evaluation
    date_time_input_format date_time_output_format date_time_overflow_behavior interval_output_format
    date_time_64_output_format_cut_trailing_zeros_align_to_groups_of_thousands
    bool_true_representation bool_false_representation describe_compact_output describe_include_subcolumns
    show_table_uuid_in_table_create_query_if_not_nil
    max_estimated_execution_time max_columns_to_read max_temporary_columns
    max_rows_to_read max_bytes_to_read max_rows_to_group_by max_rows_to_sort max_bytes_to_sort max_rows_in_distinct
    max_bytes_in_distinct max_rows_in_join max_bytes_in_join max_rows_in_set max_bytes_in_set
    result_overflow_mode read_overflow_mode group_by_overflow_mode sort_overflow_mode distinct_overflow_mode
    join_overflow_mode set_overflow_mode timeout_overflow_mode
    connect_timeout receive_timeout send_timeout http_receive_timeout http_send_timeout http_connection_timeout
  `),
  // Clients set these at connect whatever they ask (dbt, SQLAlchemy); a reader has no use of them.
  ...words(`
    mutations_sync alter_sync lightweight_deletes_sync insert_distributed_sync insert_deduplicate insert_quorum
    insert_quorum_parallel network_compression_method distributed_ddl_task_timeout allow_nondeterministic_mutations async_insert wait_for_async_insert
  `),
  ...words(`
    format_csv_delimiter format_csv_null_representation format_tsv_null_representation
    format_json_object_each_row_column_for_object_name format_template_resultset_format format_template_row_format
    format_template_rows_between_delimiter
  `),
  ...prefixed(
    'format_custom_',
    `escaping_rule field_delimiter result_after_delimiter result_before_delimiter row_after_delimiter
    row_before_delimiter row_between_delimiter`,
  ),
  ...prefixed(
    'output_format_',
    `always_write_decimal_point_in_float_and_decimal binary_encode_types_in_binary_format binary_write_json_as_string
    bson_string_as_string compression_level decimal_trailing_zeros enable_streaming float_precision
    markdown_escape_special_characters msgpack_uuid_representation native_encode_types_in_binary_format
    native_use_flattened_dynamic_and_json_serialization native_write_json_as_string parallel_formatting trim_fixed_string
    tsv_crlf_end_of_line values_escape_quote_with_quote write_statistics`,
  ),
  ...prefixed(
    'output_format_arrow_',
    `compression_method date_as_uint16 fixed_string_as_fixed_byte_array low_cardinality_as_dictionary string_as_string
    unsupported_types_as_binary use_64_bit_indexes_for_dictionary use_signed_indexes_for_dictionary
    uuid_as_fixed_byte_array variant_as_string`,
  ),
  ...prefixed('output_format_avro_', 'codec rows_in_file string_column_pattern sync_interval'),
  ...prefixed(
    'output_format_csv_',
    'crlf_end_of_line header_serialize_tuple_into_separate_columns serialize_tuple_into_separate_columns',
  ),
  ...prefixed(
    'output_format_json_',
    `array_of_rows escape_forward_slashes map_as_array_of_tuples named_tuples_as_objects pretty_print
    quote_64bit_floats quote_64bit_integers quote_decimals quote_denormals skip_null_value_in_named_tuples validate_utf8`,
  ),
  ...prefixed('output_format_orc_', 'compression_method string_as_string writer_time_zone_name'),
  ...prefixed(
    'output_format_parquet_',
    `compliant_nested_types compression_method data_page_size date_as_uint16 datetime_as_uint32 enum_as_byte_array
    fixed_string_as_fixed_byte_array geometadata string_as_string unsupported_types_as_binary version write_bloom_filter
    write_checksums write_page_index`,
  ),
  ...prefixed(
    'output_format_pretty_',
    `color display_footer_column_names display_footer_column_names_min_rows fallback_to_vertical grid_charset
    highlight_digit_groups highlight_trailing_spaces max_column_name_width_cut_to
    max_column_name_width_min_chars_to_cut max_column_pad_width max_rows max_value_width
    max_value_width_apply_for_single_value multiline_fields named_tuples_as_json row_numbers
    single_large_number_tip_threshold`,
  ),
  ...prefixed('output_format_sql_insert_', 'include_column_names max_batch_size quote_names table_name use_replace'),
]);

/**
 * Refuses what an analyst may not set, or not to this value: ClickHouseError 164 for a name that is not on the list, 452
 * for a limit beyond its bound.
 *
 * @param value as text, without quotes
 */
export function checkAnalystSetting(name: string, value: string): void {
  const most = CAPPED[name];
  if (most !== undefined) {
    const wanted = Number(value);
    if (value.trim() !== '' && wanted > 0 && wanted <= most) return;
    const text = `Setting ${name} should be between 1 and ${most}, and is '${value}'`;
    throw ClickHouseError.of(452, 'SETTING_CONSTRAINT_VIOLATION', text);
  }
  if (name === 'readonly' && !['1', '2'].includes(value)) throw refused(name);
  if (!ALLOWED.has(name)) throw refused(name);
}

function refused(name: string): ClickHouseError {
  return ClickHouseError.of(164, 'READONLY', `Cannot modify '${name}' setting in readonly mode`);
}
