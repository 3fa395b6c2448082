{#
    How Zoho CRM and Zoho Analytics write things, for the staging models of the source `zoho`.
    Landing takes such values as text; the data tests of the staging models find what could not be
    read.
#}

{#
    Money as Zoho shows it: `$22,700.00`, or shortened, `$141.56K`. The decimal sign is a point; the
    currency is said beside it. A shortened amount has lost its last digits in the export already.
    Text of another format, such as a decimal comma, becomes null.
#}
{% macro zoho_money(column) -%}
    {%- set text = typed(column, 'varchar') -%}
    {%- set format = '^[^0-9.,]*([0-9]+|[0-9]{1,3}(,[0-9]{3})+)([.][0-9]+)?[KkMmBb]?$' -%}
    case
        when {{ regexp_remove(text, format) }} = ''
            then cast(
                {{ as_number(regexp_remove(text, '[^0-9.-]')) }}
                * case lower(right({{ text }}, 1))
                    when 'k' then 1000
                    when 'm' then 1000000
                    when 'b' then 1000000000
                    else 1
                end as decimal(18, 2)
            )
    end
{%- endmacro %}

{#
    A moment as Zoho shows it, `15 Apr, 2021 00:02:00` or `2021-04-15 00:02:00`, the time of day may
    be missing, as a UTC timestamp. The export names no time zone: its clock is read as that of the
    reporting time zone. Text of another format becomes null.
#}
{% macro zoho_time(column) -%}
    {{ utc_of_business_time(_zoho_local_time(column)) }}
{%- endmacro %}

{# The day of such a moment, as it stands there. #}
{% macro zoho_date(column) -%}
    cast({{ _zoho_local_time(column) }} as date)
{%- endmacro %}

{# The fifth part would be AM or PM: it must make the cast fail rather than be lost. #}
{% macro _zoho_local_time(column) -%}
    {%- set text = typed(column, 'varchar') -%}
    {%- set months = [
        'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'
    ] -%}
    cast(
        case
            when substr({{ text }}, 5, 1) = '-' then {{ text }}
            else trim(
                {{ dbt.split_part(text, "' '", 3) }}
                || case lower(substr({{ dbt.split_part(text, "' '", 2) }}, 1, 3))
                    {%- for month in months %}
                    when '{{ month }}' then '-{{ '%02d' % loop.index }}-'
                    {%- endfor %}
                end
                || lpad({{ dbt.split_part(text, "' '", 1) }}, 2, '0')
                || ' ' || coalesce({{ dbt.split_part(text, "' '", 4) }}, '')
                || ' ' || coalesce({{ dbt.split_part(text, "' '", 5) }}, '')
            )
        end as timestamp
    )
{%- endmacro %}

{#
    The id of the user whose name stands in a column: some files name the owner, others have the id.
    A name that is no user (any more) stays as it is.
#}
{% macro zoho_user(column) -%}
    coalesce(
        (
            select max({{ typed('users.user_id', 'varchar') }})
            from {{ source('zoho', 'users') }} as users
            where
                trim(coalesce(users.first_name, '') || ' ' || coalesce(users.last_name, ''))
                = trim({{ column }})
        ),
        {{ typed(column, 'varchar') }}
    )
{%- endmacro %}

{#
    The key of a potential: its id, or that of its lead where the export leaves its own id out, since
    a lead is converted once.
#}
{% macro zoho_potential_id(relation) -%}
    coalesce(
        {{ typed(relation ~ '.potential_id', 'varchar') }},
        {{ typed(relation ~ '.lead_id', 'varchar') }}
    )
{%- endmacro %}

{#
    Who each lead turned out to be: the contact with its e-mail address and that contact's account;
    without one, the account that bears the name of the lead's company (the lowest id of several).
    `company_id` stands in for the account of a deal whose company is none of the accounts.
#}
{% macro zoho_lead_identities() -%}
    select
        {{ typed('leads.lead_id', 'varchar') }} as lead_id,
        max(contacts.contact_id) as contact_id,
        coalesce(max(contacts.account_id), max(accounts.account_id)) as account_id,
        coalesce(
            'company-' || max({{ label_key(typed('leads.company', 'varchar')) }}),
            'lead-' || {{ typed('leads.lead_id', 'varchar') }}
        ) as company_id,
        max({{ typed('leads.company', 'varchar') }}) as company_name
    from {{ source('zoho', 'leads') }} as leads
    left join (
        select
            {{ label_key('email') }} as email_key,
            min({{ typed('contact_id', 'varchar') }}) as contact_id,
            min({{ typed('account_id', 'varchar') }}) as account_id
        from {{ source('zoho', 'contacts') }}
        where {{ typed('email', 'varchar') }} is not null
        group by {{ label_key('email') }}
    ) as contacts
        on {{ label_key('leads.email') }} = contacts.email_key
    left join (
        select
            {{ label_key('account_name') }} as name_key,
            min({{ typed('account_id', 'varchar') }}) as account_id
        from {{ source('zoho', 'accounts') }}
        where {{ typed('account_name', 'varchar') }} is not null
        group by {{ label_key('account_name') }}
    ) as accounts
        on {{ label_key('leads.company') }} = accounts.name_key
    group by {{ typed('leads.lead_id', 'varchar') }}
{%- endmacro %}

{#
    Members of campaigns, who have names and no ids: a member is known by campaign, name and its
    number among those of the same name, hashed so that no name is part of a key. Status and time
    change from export to export, the number of members does not. Two of one name in one campaign
    may be taken for each other.
#}
{% macro zoho_campaign_members() -%}
    select
        {{ dbt.hash(
            "numbered.campaign_name || '/' || numbered.member_name || '/' || cast(numbered.position as "
            ~ dbt.type_string() ~ ")"
        ) }} as member_id,
        campaigns.campaign_id,
        campaigns.campaign_type,
        {{ typed('numbered.status', 'varchar') }} as status,
        {{ zoho_time('numbered.last_modified_time') }} as changed_at,
        numbered.updated_at,
        numbered._deleted,
        numbered._load_id,
        numbered._row_number,
        numbered._first_load_id,
        numbered._first_row_number
    from (
        select
            named.*,
            row_number() over (
                partition by named._load_id, named.campaign_name, named.member_name
                order by {{ zoho_time('named.last_modified_time') }}, named._row_number
            ) as position
        from (
            select
                members.*,
                trim(
                    coalesce(members.lead_first_name, '') || ' '
                    || coalesce(members.lead_last_name, '')
                ) as member_name
            from {{ source('zoho', 'campaign_lead_status') }} as members
        ) as named
    ) as numbered
    left join (
        select
            campaign_name,
            max({{ typed('campaign_id', 'varchar') }}) as campaign_id,
            max({{ typed('type', 'varchar') }}) as campaign_type
        from {{ source('zoho', 'campaigns') }}
        group by campaign_name
    ) as campaigns
        on numbered.campaign_name = campaigns.campaign_name
{%- endmacro %}
