{{ conform('employee_surveys') }}
