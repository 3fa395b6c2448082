-- Which account each account became after merges.
{{ survivors(ref('accounts'), 'account_id', 'merged_into_account_id') }}
